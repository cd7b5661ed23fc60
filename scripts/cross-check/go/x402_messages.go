package main

const witnessMember = "Witness witness)"

var x402TypedData = signedMessages(x402Messages)

var x402Messages = map[string]structTypes{
	"x402.exact-permit2": {permitOne + witnessMember, tokenPermissions, "Witness(address to,uint256 validAfter)"},
	"x402.upto-permit2":  {permitOne + witnessMember, tokenPermissions, "Witness(address to,address facilitator,uint256 validAfter)"},
}
