"""The Permit2 payments of the schemes exact and upto."""

from ..evm.structs import permit
from ..evm.typed_data import operations_on

OPERATIONS = operations_on(
    {
        "x402.exact-permit2": permit("Witness(address to,uint256 validAfter)"),
        "x402.upto-permit2": permit(
            "Witness(address to,address facilitator,uint256 validAfter)"
        ),
    }
)
