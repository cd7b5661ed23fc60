from . import challenge

OPERATIONS = challenge.OPERATIONS
