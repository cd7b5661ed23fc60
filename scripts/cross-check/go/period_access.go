package main

import (
	"math/big"
	"slices"

	"github.com/ethereum/go-ethereum/common"
)

const accessWindow = 300

// accessDigest is what proves access to a subscription.
func accessDigest(in, steps object) []byte {
	subscription, payer := word(in, "subId"), address(in, "payer")
	timestamp := common.BigToHash(asNumber("timestamp", required(in, "timestamp"), 256))
	packed := slices.Concat(subscription[:], payer[:], timestamp[:])
	inner := keccak(packed)
	digest := keccak([]byte("\x19Ethereum Signed Message:\n32"), inner)
	steps["packed"], steps["inner"], steps["digest"] = hexOf(packed), hexOf(inner), hexOf(digest)
	return digest
}

func signAccess(in, steps object) any {
	return object{"signature": hexOf(signDigest(accessDigest(in, steps), privateKey(in), steps))}
}

func verifyAccess(in, steps object) any {
	proof := nested(in, "proof")
	accessKind("kind", required(proof, "kind"))
	digest := accessDigest(proof, steps)
	timestamp := asNumber("timestamp", required(proof, "timestamp"), 256)
	age := new(big.Int).Sub(asNumber("now", required(in, "now"), 256), timestamp)
	if age.CmpAbs(big.NewInt(accessWindow)) > 0 {
		refuse("made %s seconds ago", age)
	}
	payer := address(proof, "payer")
	signature := asBytes("signature", required(proof, "signature"))
	if common.Address(recoverSigner(digest, signature, steps)) != payer {
		refuse("signed by another")
	}
	return object{"payer": hexOf(payer[:])}
}

var accessKind = oneOf("subscription-id")

var accessProof = shape{
	"kind":      accessKind,
	"subId":     lowerWord,
	"payer":     lowerAddress,
	"timestamp": ofBits(asNumber, 256),
	"signature": func(name string, value any) any { return hexOf(asBytes(name, value)) },
}

func decodeAccess(in, steps object) any {
	json := string(fromPaddedBase64url(text(in, "field")))
	steps["json"] = json
	return object{"proof": accessProof.read(readObject(json))}
}

func encodeAccess(in, steps object) any {
	json := canonical(accessProof.read(nested(in, "proof")))
	steps["json"] = json
	return object{"field": toBase64url([]byte(json))}
}
