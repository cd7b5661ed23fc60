"""Every operation by its name."""

from . import amount, evm, mpp, period, sa, x402
from .core import Operation

OPERATIONS: dict[str, Operation] = (
    amount.OPERATIONS
    | evm.OPERATIONS
    | mpp.OPERATIONS
    | period.OPERATIONS
    | sa.OPERATIONS
    | x402.OPERATIONS
)
