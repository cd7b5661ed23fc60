package main

import (
	"encoding/base64"
	"encoding/json"
	"maps"
	"math/big"
	"regexp"
	"strings"
)

var saChannels = map[string]operation{
	"sa.channel-state.format": func(in, steps object) any {
		state := readState(nested(in, "state"))
		steps["available"] = available(state).String()
		return object{"json": state}
	},
	"sa.channel-state.parse": func(in, _ object) any {
		state := readState(readObject(text(in, "text")))
		available(state)
		return object{"state": state}
	},
	"sa.channel-status.parse": func(in, _ object) any {
		return object{"channel": channelStatus.read(nested(in, "data"))}
	},
}

var channelStatus = shape{
	"channelId":         lowerWord,
	"payer":             lowerAddress,
	"payee":             lowerAddress,
	"token":             lowerAddress,
	"deposit":           ofBits(asDecimal, 128),
	"settledOnChain":    ofBits(asDecimal, 128),
	"sessionStatus":     oneOf("OPEN", "CLOSING", "CLOSED"),
	"remainingBalance?": ofBits(asDecimal, 128),
}

var channelState = shape{
	"channelId":               lowerWord,
	"chainId":                 ofBits(asNumber, 256),
	"escrowContract":          lowerAddress,
	"payer":                   lowerAddress,
	"payee":                   lowerAddress,
	"token":                   emptyOr(lowerAddress),
	"authorizedSigner":        emptyOr(lowerAddress),
	"deposit":                 storedAmount,
	"highestVoucherAmount":    storedAmount,
	"highestVoucherSignature": emptyOr(storedSignature),
	"minVoucherDelta":         storedAmount,
	"spent":                   storedAmount,
	"units":                   ofBits(asNumber, 256),
	"finalized":               asIs(asFlag),
	"closeRequestedAt":        ofBits(asNumber, 256),
	"createdAt":               asIs(asText),
}

var channelDefaults = object{
	"token":                   "",
	"authorizedSigner":        "",
	"deposit":                 "0",
	"highestVoucherAmount":    "0",
	"highestVoucherSignature": "",
	"minVoucherDelta":         "0",
	"spent":                   "0",
	"units":                   json.Number("0"),
	"finalized":               false,
	"closeRequestedAt":        json.Number("0"),
	"createdAt":               "",
}

// readState knows each member in camel and in snake case.
func readState(stored object) object {
	members := maps.Clone(channelDefaults)
	for name := range channelState {
		for _, spelling := range []string{snakeCase(name), name} {
			if stored[spelling] != nil {
				members[name] = stored[spelling]
			}
		}
	}
	return channelState.read(members)
}

var capital = regexp.MustCompile(`[A-Z]`)

func snakeCase(name string) string {
	return strings.ToLower(capital.ReplaceAllString(name, "_$0"))
}

// available is what the highest voucher allows and was not spent yet.
func available(state object) *big.Int {
	allowed := asDecimal("highestVoucherAmount", state["highestVoucherAmount"], 128)
	rest := new(big.Int).Sub(allowed, asDecimal("spent", state["spent"], 128))
	if rest.Sign() < 0 {
		refuse("more is spent than vouchers allow")
	}
	return rest
}

// storedAmount reads a decimal string or a JSON integer.
func storedAmount(name string, value any) any {
	if _, isNumber := value.(json.Number); isNumber {
		return asNumber(name, value, 128).String()
	}
	return asDecimal(name, value, 128).String()
}

// storedSignature reads hexadecimal or base64.
func storedSignature(name string, value any) any {
	if strings.HasPrefix(asText(name, value), "0x") {
		return hexOf(asSignature(name, value))
	}
	signature := decodeBase64(base64.StdEncoding, asText(name, value))
	return hexOf(asSignature(name, hexOf(signature)))
}
