from . import hashes, signatures, typed_data

OPERATIONS = hashes.OPERATIONS | signatures.OPERATIONS | typed_data.OPERATIONS
