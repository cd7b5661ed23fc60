from . import accept_payment, challenge, encodings, mcp, problem, proof

OPERATIONS = (
    accept_payment.OPERATIONS
    | challenge.OPERATIONS
    | encodings.OPERATIONS
    | mcp.OPERATIONS
    | problem.OPERATIONS
    | proof.OPERATIONS
)
