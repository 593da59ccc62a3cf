"""The bytes of a tape's file: unpacked, and cut into blocks of whole lines."""
