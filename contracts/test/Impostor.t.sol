// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Impostor} from "../src/Impostor.sol";
import {EscrowEvents} from "./escrow/EscrowEvents.sol";
import {vm} from "./Vm.sol";

contract ImpostorTest is EscrowEvents {
    function testItSaysThatAChannelWasAddedTo() public {
        Impostor impostor = new Impostor();
        bytes32 channelId = keccak256("channel");
        address payee = vm.addr(0xb0b);
        vm.expectEmit(address(impostor));
        emit TopUp(channelId, address(this), payee, 250, 1250);
        impostor.topUp(channelId, payee, 250, 1250);
    }
}
