from . import headers, networks, permits, prices, requirements

OPERATIONS = (
    headers.OPERATIONS
    | networks.OPERATIONS
    | permits.OPERATIONS
    | prices.OPERATIONS
    | requirements.OPERATIONS
)
