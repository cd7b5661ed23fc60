package main

import (
	"maps"
	"math/big"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"
)

var evmCharges = map[string]operation{
	"evm.charge.pay":    payCharge,
	"evm.charge.verify": verifyCharge,
}

const mostSplits = 10

// A transfer is a part of a charge; the recipient's own comes first.
type transfer struct {
	to    common.Address
	value *big.Int
}

// transfers divides the amount of a request among its recipients.
func transfers(request, steps object) []transfer {
	rest := asDecimal("amount", required(request, "amount"), 256)
	all := []transfer{{to: address(request, "recipient")}}
	details := nested(request, "methodDetails")
	if _, ok := details["splits"]; ok {
		splits := list(details, "splits")
		if len(splits) > mostSplits {
			refuse("%d splits", len(splits))
		}
		for _, item := range splits {
			split := asObject("split", item)
			share := asDecimal("amount", required(split, "amount"), 256)
			if share.Sign() == 0 {
				refuse("a split of nothing")
			}
			all = append(all, transfer{address(split, "recipient"), share})
			rest.Sub(rest, share)
		}
	}
	if rest.Sign() <= 0 {
		refuse("nothing is left for the recipient")
	}
	all[0].value = rest
	steps["primaryAmount"] = rest.String()
	return all
}

// chargeDigest is what the payer of a charge signs of one authorization.
func chargeDigest(in, authorization object) []byte {
	request := nested(in, "request")
	return digest(evmMessages["evm.transfer"], object{
		"domain": object{
			"name":              text(in, "tokenName"),
			"version":           text(in, "tokenVersion"),
			"chainId":           required(nested(request, "methodDetails"), "chainId"),
			"verifyingContract": text(request, "currency"),
		},
		"message": authorization,
	}, object{})
}

func payCharge(in, steps object) any {
	key := object{"privateKey": required(in, "privateKey")}
	payer := hexOf(crypto.PubkeyToAddress(privateKey(in).PublicKey).Bytes())
	parts := transfers(nested(in, "request"), steps)
	nonces := list(in, "nonces")
	if len(nonces) != len(parts) {
		refuse("%d nonces for %d authorizations", len(nonces), len(parts))
	}
	validBefore := asNumber("validBefore", required(in, "validBefore"), 256).String()

	var digests []string
	var authorizations []object
	for i, part := range parts {
		authorization := object{
			"from":        payer,
			"to":          hexOf(part.to[:]),
			"value":       part.value.String(),
			"validAfter":  "0",
			"validBefore": validBefore,
			"nonce":       nonces[i],
		}
		digest := chargeDigest(in, authorization)
		maps.Copy(authorization, sign(digest, key, object{}))
		digests = append(digests, hexOf(digest))
		authorizations = append(authorizations, authorization)
	}
	steps["digests"] = digests
	return object{"authorizations": authorizations}
}

func verifyCharge(in, steps object) any {
	parts := transfers(nested(in, "request"), steps)
	payload := nested(in, "payload")
	if kind := text(payload, "type"); kind != "transaction" {
		refuse("a payload of type %s", kind)
	}
	authorizations := authorizationsOf(payload)
	if len(authorizations) != len(parts) {
		refuse("%d authorizations for %d recipients", len(authorizations), len(parts))
	}

	payer := address(authorizations[0], "from")
	nonces := map[common.Hash]bool{}
	for i, authorization := range authorizations {
		switch nonce := word(authorization, "nonce"); {
		case address(authorization, "to") != parts[i].to:
			refuse("authorization %d pays another recipient", i)
		case asDecimal("value", required(authorization, "value"), 256).Cmp(parts[i].value) != 0:
			refuse("authorization %d is over another value", i)
		case address(authorization, "from") != payer:
			refuse("authorization %d is another payer's", i)
		case nonces[nonce]:
			refuse("authorization %d has the nonce of another", i)
		default:
			nonces[nonce] = true
		}
	}

	var digests [][]byte
	var shown []string
	for _, authorization := range authorizations {
		digest := chargeDigest(in, authorization)
		digests = append(digests, digest)
		shown = append(shown, hexOf(digest))
	}
	steps["digests"] = shown
	for i, authorization := range authorizations {
		signature := asBytes("signature", required(authorization, "signature"))
		if common.Address(recoverSigner(digests[i], signature, object{})) != payer {
			refuse("authorization %d is signed by another", i)
		}
	}
	return object{"payer": hexOf(payer[:])}
}

func authorizationsOf(payload object) []object {
	main := nested(payload, "authorization")
	all := []object{main}
	if _, ok := main["splits"]; ok {
		for _, split := range list(main, "splits") {
			all = append(all, asObject("split", split))
		}
	}
	return all
}
