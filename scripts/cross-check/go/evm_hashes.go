package main

import (
	"math/big"

	"github.com/ethereum/go-ethereum/common"
)

var evmHashes = map[string]operation{
	"evm.challenge-hash": challengeHash,
	"evm.channel.id":     hashOf("channelId", "address payer,address payee,address token,bytes32 salt,address authorizedSigner,address escrow,uint256 chainId"),
	"evm.domain.separator": func(in, steps object) any {
		return object{"domainSeparator": hexOf(domainSeparator(nested(in, "domain"), steps))}
	},
	"evm.open-nonce.ietf": hashOf("nonce", openParameters),
	"evm.open-nonce.okx":  okxOpenNonce,
	"evm.top-up-nonce":    hashOf("nonce", "bytes32 channelId,uint128 additionalDeposit,address from,bytes32 topUpSalt"),
}

const openParameters = "address from,address payee,address token,bytes32 salt,address authorizedSigner"

// hashOf is the operation that hashes the ABI encoding of its input's members.
func hashOf(output, declaration string) operation {
	return func(in, steps object) any {
		return hashEncoded(output, abiEncode(arguments(declaration, in)...), steps)
	}
}

func hashEncoded(output string, encoded []byte, steps object) object {
	steps["encoded"] = hexOf(encoded)
	return object{output: hexOf(keccak(encoded))}
}

func challengeHash(in, steps object) any {
	packed := filled(in, "id") + text(in, "realm")
	return hashEncoded("challengeHash", []byte(packed), steps)
}

const allBasisPoints = 10000

func okxOpenNonce(in, steps object) any {
	list := arguments(openParameters, in)
	recipients, shares := splits(in)
	list = append(list, argument{"address[]", recipients}, argument{"uint256[]", shares})
	return hashEncoded("nonce", abiEncode(list...), steps)
}

func splits(in object) (recipients []common.Address, shares []*big.Int) {
	total := new(big.Int)
	for _, item := range list(in, "splits") {
		split := asObject("split", item)
		share := asNumber("bps", required(split, "bps"), 16)
		if share.Sign() == 0 {
			refuse("a share of nothing")
		}
		total.Add(total, share)
		recipients = append(recipients, address(split, "recipient"))
		shares = append(shares, share)
	}
	if total.Cmp(big.NewInt(allBasisPoints)) >= 0 {
		refuse("the splits leave the payee nothing")
	}
	return recipients, shares
}
