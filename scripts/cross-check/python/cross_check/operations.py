"""Every operation by its name."""

from . import evm, mpp
from .core import Operation

OPERATIONS: dict[str, Operation] = evm.OPERATIONS | mpp.OPERATIONS
