from . import charge, hashes, signatures, typed_data

OPERATIONS = (
    charge.OPERATIONS
    | hashes.OPERATIONS
    | signatures.OPERATIONS
    | typed_data.OPERATIONS
)
