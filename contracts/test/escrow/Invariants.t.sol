// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {vm} from "../Vm.sol";
import {Handler} from "./Handler.sol";

/// @notice What holds after every call, whatever was called before.
contract InvariantsTest {
    /// As forge asks for them.
    struct FuzzSelector {
        address addr;
        bytes4[] selectors;
    }

    Handler private handler;

    function setUp() public {
        handler = new Handler();
    }

    function targetContracts() public view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(handler);
    }

    function targetSelectors() public view returns (FuzzSelector[] memory targets) {
        targets = new FuzzSelector[](1);
        targets[0] = FuzzSelector(address(handler), selectors());
    }

    function invariantTheEscrowHoldsWhatItOwes() public view {
        handler.checkLive();
    }

    function afterInvariant() public {
        handler.checkEnd();
        bytes4[] memory called = selectors();
        uint256 calls = 0;
        uint256 least = type(uint256).max;
        for (uint256 i = 0; i < called.length; i++) {
            uint256 done = handler.done(called[i]);
            calls += done;
            if (done < least) least = done;
        }
        // A shorter run is one that forge shrinks.
        if (calls >= 500) vm.assertTrue(least >= 4, "every function was called, and often");
    }

    function selectors() private pure returns (bytes4[] memory called) {
        called = new bytes4[](17);
        called[0] = Handler.open.selector;
        called[1] = Handler.openWithSplits.selector;
        called[2] = Handler.openWithAuthorization.selector;
        called[3] = Handler.openWithAuthorizationAndSplits.selector;
        called[4] = Handler.openWithPermit2.selector;
        called[5] = Handler.topUp.selector;
        called[6] = Handler.topUpWithAuthorization.selector;
        called[7] = Handler.topUpWithPermit2.selector;
        called[8] = Handler.settle.selector;
        called[9] = Handler.settleWithAuthorization.selector;
        called[10] = Handler.close.selector;
        called[11] = Handler.closeWithAuthorization.selector;
        called[12] = Handler.requestClose.selector;
        called[13] = Handler.withdraw.selector;
        called[14] = Handler.wait.selector;
        called[15] = Handler.forceClose.selector;
        called[16] = Handler.haunt.selector;
    }
}
