package main

import "math/big"

// What JSON-RPC messages and the bodies of answers carry.
var mppMessages = map[string]operation{
	"mpp.mcp.credential.parse": parseMessageCredential,
	"mpp.mcp.error.parse":      parseMessageError,
	"mpp.mcp.receipt.parse":    parseMessageReceipt,
	"mpp.problem.parse":        parseProblem,
}

// metadata is what a message carries under a name, in one of its members (as
// MCP has it) or at its root.
func metadata(message object, member, name string) object {
	inner, _ := message[member].(object)
	for _, place := range []object{inner, message} {
		meta, _ := place["_meta"].(object)
		if value, ok := given(meta, name); ok {
			return asObject(name, value)
		}
	}
	refuse("nothing is under %s", name)
	return nil
}

func parseMessageCredential(in, steps object) any {
	message := nested(in, "message")
	if _, ok := message["id"]; !ok {
		refuse("a notification")
	}
	carried := metadata(message, "params", "org.paymentauth/credential")
	credential := object{
		"challenge": nativeChallenge(nested(carried, "challenge")),
		"payload":   nested(carried, "payload"),
	}
	copyTexts(credential, carried, "source")
	return credential
}

// nativeChallenge copies the known parameters of a challenge whose request is
// JSON itself.
func nativeChallenge(in object) object {
	for _, name := range []string{"id", "method", "intent"} {
		filled(in, name)
	}
	if !methodName.MatchString(text(in, "method")) {
		refuse("no name of a method")
	}
	required(in, "realm")
	challenge := object{"realm": text(in, "realm"), "request": nested(in, "request")}
	copyTexts(challenge, in, "id", "method", "intent", "expires", "description")
	return challenge
}

func parseMessageError(in, steps object) any {
	failure := nested(in, "error")
	code, isNumber := exactNumber(required(failure, "code"))
	if !isNumber || code.Cmp(big.NewRat(-32042, 1)) != 0 && code.Cmp(big.NewRat(-32043, 1)) != 0 {
		refuse("an error of another kind")
	}
	var challenges []object
	for _, challenge := range list(nested(failure, "data"), "challenges") {
		challenges = append(challenges, nativeChallenge(asObject("challenge", challenge)))
	}
	if len(challenges) == 0 {
		refuse("no challenge")
	}
	return object{"code": failure["code"], "challenges": challenges}
}

func parseMessageReceipt(in, steps object) any {
	message := nested(in, "message")
	if _, ok := message["error"]; ok {
		refuse("an error has no receipt")
	}
	carried := metadata(message, "result", "org.paymentauth/receipt")
	receipt := checkedReceipt(carried, "challengeId")
	filled(receipt, "method")
	filled(receipt, "challengeId")
	copyTexts(receipt, carried, "reference")
	return object{"receipt": receipt}
}

func parseProblem(in, steps object) any {
	status, isNumber := exactNumber(required(in, "status"))
	if !isNumber || !status.IsInt() {
		refuse("status is no integer")
	}
	body := readObject(text(in, "body"))
	if said, isNumber := exactNumber(body["status"]); isNumber && said.Cmp(status) != 0 {
		refuse("the body has another status")
	}
	problem := object{"type": "about:blank", "status": in["status"]}
	for _, name := range []string{"type", "title", "detail", "challengeId"} {
		if value, ok := body[name].(string); ok {
			problem[name] = value
		}
	}
	return problem
}
