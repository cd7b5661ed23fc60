package main

import "regexp"

var mppCredentials = map[string]operation{
	"mpp.credential.parse":  parseCredential,
	"mpp.credential.format": formatCredential,
	"mpp.receipt.parse":     parseReceipt,
	"mpp.receipt.format":    formatReceipt,
}

var credentialField = regexp.MustCompile(`^(?i:Payment) +([A-Za-z0-9_-]+=*)$`)

func parseCredential(in, steps object) any {
	parts := credentialField.FindStringSubmatch(text(in, "field"))
	if parts == nil {
		refuse("no credential of this scheme")
	}
	json := string(fromPaddedBase64url(parts[1]))
	steps["token"], steps["json"] = parts[1], json
	return checkedCredential(readObject(json))
}

func formatCredential(in, steps object) any {
	json := writeJSON(checkedCredential(nested(in, "credential")))
	steps["json"] = json
	return object{"field": "Payment " + toBase64url([]byte(json))}
}

func checkedCredential(in object) object {
	credential := object{
		"challenge": knownParameters(nested(in, "challenge")),
		"payload":   nested(in, "payload"),
	}
	copyTexts(credential, in, "source")
	return credential
}

func parseReceipt(in, steps object) any {
	json := string(fromBase64url(text(in, "field")))
	steps["json"] = json
	return object{"receipt": checkedReceipt(readObject(json), "reference")}
}

func formatReceipt(in, steps object) any {
	json := writeJSON(checkedReceipt(nested(in, "receipt"), "reference"))
	steps["json"] = json
	return object{"field": toBase64url([]byte(json))}
}

// checkedReceipt copies what every receipt has, and one member more.
func checkedReceipt(in object, another string) object {
	receipt := object{}
	copyTexts(receipt, in, "status", "method", "timestamp", another)
	asInstant("timestamp", required(receipt, "timestamp"))
	for _, name := range []string{"method", another} {
		required(receipt, name)
	}
	if text(receipt, "status") != "success" {
		refuse("no receipt of a success")
	}
	return receipt
}
