package main

import (
	"maps"
	"slices"
	"strings"
)

const (
	tokenPermissions = "TokenPermissions(address token,uint256 amount)"
	permitOne        = "PermitWitnessTransferFrom(TokenPermissions permitted,address spender,uint256 nonce,uint256 deadline,"
	permitMany       = "PermitBatchWitnessTransferFrom(TokenPermissions[] permitted,address spender,uint256 nonce,uint256 deadline,"
	paymentWitness   = "PaymentWitness witness)"
	standardWitness  = "PaymentWitness(bytes32 challengeHash,string externalId)"
	draftedWitness   = "PaymentWitness(bytes32 challengeHash, string externalId)"
	transferMembers  = "(address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce)"
	payeeMembers     = "(bytes32 channelId,uint128 cumulativeAmount,uint256 nonce,uint256 deadline)"
)

// The struct types of each message, its own first.
var evmMessages = map[string]structTypes{
	"evm.voucher":                 {"Voucher(bytes32 channelId,uint128 cumulativeAmount)"},
	"evm.settle":                  {"SettleAuthorization" + payeeMembers},
	"evm.close":                   {"CloseAuthorization" + payeeMembers},
	"evm.transfer":                {"TransferWithAuthorization" + transferMembers},
	"evm.receive":                 {"ReceiveWithAuthorization" + transferMembers},
	"evm.cancel":                  {"CancelAuthorization(address authorizer,bytes32 nonce)"},
	"evm.permit2-charge.standard": {permitOne + paymentWitness, tokenPermissions, standardWitness},
	"evm.permit2-charge.drafted":  {permitOne + paymentWitness, tokenPermissions, draftedWitness},
	"evm.permit2-split.standard":  {permitMany + paymentWitness, tokenPermissions, standardWitness},
	"evm.permit2-split.drafted":   {permitMany + paymentWitness, tokenPermissions, draftedWitness},
	"evm.permit2-open": {permitOne + "ChannelOpenWitness witness)", tokenPermissions,
		"ChannelOpenWitness(address payee,bytes32 salt,address authorizedSigner)"},
	"evm.permit2-top-up": {permitOne + "ChannelTopUpWitness witness)", tokenPermissions,
		"ChannelTopUpWitness(bytes32 channelId)"},
}

var evmTypedData = signedMessages(evmMessages)

// signedMessages are the operations that sign and verify messages.
func signedMessages(messages map[string]structTypes) map[string]operation {
	operations := map[string]operation{}
	for name, types := range messages {
		operations[name+".sign"] = func(in, steps object) any {
			return sign(digest(types, in, steps), in, steps)
		}
		operations[name+".verify"] = func(in, steps object) any {
			return verify(digest(types, in, steps), in, steps)
		}
	}
	return operations
}

// digest is what is signed of a message under its domain.
func digest(types structTypes, in, steps object) []byte {
	domain := domainSeparator(nested(in, "domain"), steps)
	primary := types[0]
	encodedType := types.encodeType(primary)
	data := types.encodeData(primary, nested(in, "message"))
	typeHash := keccak([]byte(encodedType))
	structHash := keccak(typeHash, data)
	digest := keccak([]byte("\x19\x01"), domain, structHash)
	maps.Copy(steps, object{
		"encodedType": encodedType,
		"typeHash":    hexOf(typeHash),
		"encodedData": hexOf(data),
		"structHash":  hexOf(structHash),
		"digest":      hexOf(digest),
	})
	return digest
}

func domainSeparator(domain, steps object) []byte {
	var present []string
	for _, member := range []string{"string name", "string version", "uint256 chainId", "address verifyingContract"} {
		_, name, _ := strings.Cut(member, " ")
		if _, ok := domain[name]; ok {
			present = append(present, member)
		}
	}
	kind := structType("EIP712Domain(" + strings.Join(present, ",") + ")")
	typeHash := keccak([]byte(kind))
	data := structTypes{kind}.encodeData(kind, domain)
	separator := keccak(typeHash, data)
	maps.Copy(steps, object{
		"encodedDomainType": kind,
		"domainTypeHash":    hexOf(typeHash),
		"encodedDomain":     hexOf(data),
		"domainSeparator":   hexOf(separator),
	})
	return separator
}

// A structType is what EIP-712 hashes of a struct without those it refers to:
// the text is the type, so that a spelling of its own is one of another type.
type structType string

func (t structType) name() string {
	name, _, _ := strings.Cut(string(t), "(")
	return name
}

func (t structType) members() []parameter {
	_, list, _ := strings.Cut(strings.TrimSuffix(string(t), ")"), "(")
	return parameters(list)
}

type structTypes []structType

func (all structTypes) find(name string) (structType, bool) {
	i := slices.IndexFunc(all, func(t structType) bool { return t.name() == name })
	if i < 0 {
		return "", false
	}
	return all[i], true
}

func (all structTypes) encodeType(t structType) string {
	found := map[string]structType{}
	all.collect(t, found)
	delete(found, t.name())
	encoded := string(t)
	for _, name := range slices.Sorted(maps.Keys(found)) {
		encoded += string(found[name])
	}
	return encoded
}

func (all structTypes) collect(t structType, found map[string]structType) {
	found[t.name()] = t
	for _, member := range t.members() {
		if inner, ok := all.find(strings.TrimSuffix(member.kind, "[]")); ok {
			all.collect(inner, found)
		}
	}
}

func (all structTypes) hashStruct(t structType, in object) []byte {
	return keccak(keccak([]byte(all.encodeType(t))), all.encodeData(t, in))
}

func (all structTypes) encodeData(t structType, in object) []byte {
	var data []byte
	for _, member := range t.members() {
		data = append(data, all.encodeValue(member, required(in, member.name))...)
	}
	return data
}

// encodeValue makes one word of any value.
func (all structTypes) encodeValue(p parameter, value any) []byte {
	if kind, ok := strings.CutSuffix(p.kind, "[]"); ok {
		var items []byte
		for _, item := range asList(p.name, value) {
			items = append(items, all.encodeValue(parameter{kind, p.name}, item)...)
		}
		return keccak(items)
	}
	if inner, ok := all.find(p.kind); ok {
		return all.hashStruct(inner, asObject(p.name, value))
	}
	if p.kind == "string" {
		return keccak([]byte(asText(p.name, value)))
	}
	return abiEncode(p.asArgument(value))
}
