from . import access, signed_structs

OPERATIONS = access.OPERATIONS | signed_structs.OPERATIONS
