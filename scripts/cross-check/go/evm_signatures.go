package main

import (
	"crypto/ecdsa"
	"math/big"
	"slices"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"
)

var evmSignatures = map[string]operation{
	"evm.signature.recover": func(in, steps object) any {
		digest := word(in, "digest")
		signature := asBytes("signature", required(in, "signature"))
		return object{"signer": hexOf(recoverSigner(digest[:], signature, steps))}
	},
}

// What contracts add to the parity of a point to make v of it.
const firstV = 27

func noteSignature(signature []byte, steps object) (r, s, v []byte) {
	r, s, v = signature[:32], signature[32:64], signature[64:]
	steps["r"], steps["s"], steps["v"] = hexOf(r), hexOf(s), v[0]
	return r, s, v
}

func recoverSigner(digest, signature []byte, steps object) []byte {
	if len(signature) != crypto.SignatureLength {
		refuse("a signature of %d bytes", len(signature))
	}
	r, s, v := noteSignature(signature, steps)
	if v[0] != firstV && v[0] != firstV+1 {
		refuse("v is %d", v[0])
	}
	parity := v[0] - firstV
	const lowS = true
	if !crypto.ValidateSignatureValues(parity, new(big.Int).SetBytes(r), new(big.Int).SetBytes(s), lowS) {
		refuse("r or s is out of range")
	}
	key, err := crypto.SigToPub(digest, slices.Concat(r, s, []byte{parity}))
	if err != nil {
		refuse("no key signed this: %v", err)
	}
	return crypto.PubkeyToAddress(*key).Bytes()
}

func privateKey(in object) *ecdsa.PrivateKey {
	secret := word(in, "privateKey")
	key, err := crypto.ToECDSA(secret[:])
	if err != nil {
		refuse("privateKey is no key")
	}
	return key
}

func sign(digest []byte, in, steps object) object {
	key := privateKey(in)
	signature := signDigest(digest, key, steps)
	steps["signer"] = hexOf(crypto.PubkeyToAddress(key.PublicKey).Bytes())
	return object{"signature": hexOf(signature)}
}

func signDigest(digest []byte, key *ecdsa.PrivateKey, steps object) []byte {
	signature, err := crypto.Sign(digest, key)
	if err != nil {
		panic(err)
	}
	signature[crypto.RecoveryIDOffset] += firstV
	noteSignature(signature, steps)
	return signature
}

func verify(digest []byte, in, steps object) any {
	signer := address(in, "signer")
	recovered := recoverSigner(digest, asBytes("signature", required(in, "signature")), steps)
	steps["recovered"] = hexOf(recovered)
	if common.Address(recovered) != signer {
		refuse("signed by another")
	}
	return object{"signer": hexOf(recovered)}
}
