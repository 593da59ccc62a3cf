"""Ways to work a parent order: the interface, the simple strategies, and routers slice by slice."""
