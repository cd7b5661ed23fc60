package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"strings"

	"github.com/gowebpki/jcs"
)

var mppChallenges = map[string]operation{
	"mpp.challenge.id": challengeID,
}

var base64url = base64.RawURLEncoding

// canonical is the canonical JSON of RFC 8785.
func canonical(value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	transformed, err := jcs.Transform(text)
	if err != nil {
		refuse("no canonical JSON: %v", err)
	}
	return string(transformed)
}

func challengeID(in, steps object) any {
	secret := filled(in, "secret")
	realm, method, intent := text(in, "realm"), text(in, "method"), text(in, "intent")
	request := encodedObject("request", nested(in, "request"), steps)
	opaque := ""
	if _, ok := in["opaque"]; ok {
		opaque = encodedObject("opaque", nested(in, "opaque"), steps)
	}
	slots := []string{realm, method, intent, request, optional(in, "expires"), optional(in, "digest"), opaque}
	message := strings.Join(slots, "|")
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(message))
	sum := mac.Sum(nil)
	steps["message"], steps["mac"] = message, hexOf(sum)
	return object{"id": base64url.EncodeToString(sum)}
}

func encodedObject(name string, value object, steps object) string {
	text := canonical(value)
	encoded := base64url.EncodeToString([]byte(text))
	steps[name+"Canonical"], steps[name+"Encoded"] = text, encoded
	return encoded
}
