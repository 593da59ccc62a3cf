"""How the form looks."""

STYLE = """
SetupPage #form { height: 1fr; padding: 0 1; }
SetupPage #columns { height: auto; }
SetupPage .column { width: 1fr; height: auto; }
SetupPage #left { margin-right: 2; }
SetupPage .group { color: $text-muted; text-style: bold; border-top: solid $foreground 25%; width: 1fr; height: 1;
                   border-title-color: $text-muted; border-title-style: bold; }
SetupPage .field { height: 1; }
SetupPage .field Label { width: 19; color: $text; }
SetupPage .field Input { width: 1fr; }
SetupPage .field.-bad Label { color: $text-error; text-style: bold; }
SetupPage .field:focus-within Label { text-style: reverse; }
SetupPage .why { height: auto; color: $text-error; padding-left: 2; }
SetupPage #facts { height: auto; max-height: 3; color: $text-muted; padding-left: 2; display: none; }
SetupPage #facts.-there { display: block; }
SetupPage #facts.-bad { color: $text-error; }
SetupPage #where { height: auto; max-height: 2; padding: 0 1; color: $text-muted; }
SetupPage #where.-writes { color: $text-warning; text-style: bold; }
SetupPage #bottom { height: 1; padding: 0 1; }
SetupPage #hint { width: 1fr; color: $text-muted; }
SetupPage #go { min-width: 12; }
SetupPage.-wide #form { align-horizontal: center; }
SetupPage.-wide #columns { width: 110; }
SetupPage.-tall .group { margin-top: 1; }
"""
