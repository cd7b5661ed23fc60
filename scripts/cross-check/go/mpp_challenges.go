package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

var mppChallenges = map[string]operation{
	"mpp.challenge.id":             challengeID,
	"mpp.challenge.id-with-header": challengeIDWithHeader,
	"mpp.challenge.verify":         verifyChallenge,
	"mpp.challenge.parse":          parseChallenge,
	"mpp.challenges.parse":         parseOffers,
	"mpp.challenge.format":         formatChallenge,
}

var (
	requiredParameters = []string{"id", "realm", "method", "intent", "request"}
	optionalParameters = []string{"expires", "digest", "description", "opaque"}
)

// bind authenticates the slots of a challenge, and returns the id they make.
func bind(secret string, slots []string, steps object) string {
	message := strings.Join(slots, "|")
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(message))
	sum := mac.Sum(nil)
	steps["message"], steps["mac"] = message, hexOf(sum)
	return toBase64url(sum)
}

// slotsOf are those of a challenge whose JSON is not encoded yet.
func slotsOf(in, steps object) []string {
	realm, method, intent := text(in, "realm"), text(in, "method"), text(in, "intent")
	request := encodedObject("request", nested(in, "request"), steps)
	opaque := ""
	if value, ok := given(in, "opaque"); ok {
		opaque = encodedObject("opaque", flat("opaque", value), steps)
	}
	return []string{realm, method, intent, request, optional(in, "expires"), optional(in, "digest"), opaque}
}

func challengeID(in, steps object) any {
	return object{"id": bind(filled(in, "secret"), slotsOf(in, steps), steps)}
}

func challengeIDWithHeader(in, steps object) any {
	slots := slotsOf(in, steps)
	if value, ok := given(in, "header"); ok {
		last := len(slots) - 1
		slots = append(slots[:last], asText("header", value), slots[last])
	}
	return object{"id": bind(filled(in, "secret"), slots, steps)}
}

// flat is an object of texts.
func flat(name string, value any) object {
	members := asObject(name, value)
	for name, value := range members {
		asText(name, value)
	}
	return members
}

func encodedObject(name string, value object, steps object) string {
	text := canonical(value)
	encoded := toBase64url([]byte(text))
	steps[name+"Canonical"], steps[name+"Encoded"] = text, encoded
	return encoded
}

func verifyChallenge(in, steps object) any {
	challenge := nested(in, "challenge")
	for name, value := range challenge {
		asText(name, value)
	}
	for _, name := range requiredParameters {
		required(challenge, name)
	}
	var slots []string
	for _, name := range []string{"realm", "method", "intent", "request", "expires", "digest", "opaque"} {
		slots = append(slots, optional(challenge, name))
	}
	binding := object{}
	id := bind(filled(in, "secret"), slots, binding)
	steps["message"], steps["expectedId"] = binding["message"], id
	if text(challenge, "id") != id {
		refuse("the id binds another challenge")
	}
	requireLasting(challenge, in)
	requireBody(challenge, in, steps)
	return object{"id": id}
}

func requireLasting(challenge, in object) {
	expires, ends := given(challenge, "expires")
	now, isKnown := given(in, "now")
	if ends && isKnown && asInstant("now", now).After(asInstant("expires", expires)) {
		refuse("expired")
	}
}

func requireBody(challenge, in, steps object) {
	digest, ok := given(challenge, "digest")
	if !ok {
		return
	}
	sum := sha256.Sum256([]byte(text(in, "body")))
	steps["bodyDigest"] = sha256Digest(sum[:], ":")
	requireDigest(asText("digest", digest), sum[:])
}

var (
	methodName = regexp.MustCompile(`^[a-z]+$`)
	intentName = regexp.MustCompile(`^[A-Za-z0-9-]+$`)
)

// knownParameters copies those of a challenge, and leaves out all others.
func knownParameters(in object) object {
	challenge := object{}
	copyTexts(challenge, in, requiredParameters...)
	copyTexts(challenge, in, optionalParameters...)
	for _, name := range requiredParameters {
		required(challenge, name)
	}
	filled(challenge, "id")
	return challenge
}

// checkedChallenge is one that can be answered; it notes the JSON in it.
func checkedChallenge(parameters, steps object) object {
	challenge := knownParameters(parameters)
	if !methodName.MatchString(text(challenge, "method")) {
		refuse("no name of a method")
	}
	if !intentName.MatchString(text(challenge, "intent")) {
		refuse("no name of an intent")
	}
	if expires, ok := challenge["expires"]; ok {
		asInstant("expires", expires)
	}
	request := string(fromPaddedBase64url(text(challenge, "request")))
	readObject(request)
	steps["requestJson"] = request
	if _, ok := challenge["opaque"]; ok {
		opaque := string(fromPaddedBase64url(text(challenge, "opaque")))
		flat("opaque", readJSON(opaque))
		steps["opaqueJson"] = opaque
	}
	return challenge
}

// paymentChallenges are those of a field that are of the scheme Payment.
func paymentChallenges(field string) []object {
	if strings.ContainsAny(field, "\r\n\x00") {
		refuse("a character that no field may have")
	}
	var all []object
	for _, challenge := range parseChallenges(field) {
		if strings.EqualFold(challenge.scheme, "Payment") {
			all = append(all, challenge.parameters)
		}
	}
	return all
}

func parseChallenge(in, steps object) any {
	found := paymentChallenges(text(in, "field"))
	if len(found) != 1 {
		refuse("%d challenges", len(found))
	}
	return object{"challenge": checkedChallenge(found[0], steps)}
}

func parseOffers(in, steps object) any {
	var challenges []object
	var requests []any
	for _, field := range list(in, "fields") {
		for _, parameters := range paymentChallenges(asText("field", field)) {
			inner := object{}
			challenges = append(challenges, checkedChallenge(parameters, inner))
			requests = append(requests, inner["requestJson"])
		}
	}
	if len(challenges) == 0 {
		refuse("no challenge")
	}
	steps["requestsJson"] = requests
	return object{"challenges": challenges}
}

var (
	controlCharacter = regexp.MustCompile(`[\x00-\x08\x0A-\x1F\x7F]`)
	quoting          = strings.NewReplacer(`\`, `\\`, `"`, `\"`)
)

func formatChallenge(in, steps object) any {
	challenge := checkedChallenge(nested(in, "challenge"), steps)
	var parameters []string
	for _, name := range slices.Concat(requiredParameters, optionalParameters) {
		if _, ok := challenge[name]; !ok {
			continue
		}
		value := text(challenge, name)
		if controlCharacter.MatchString(value) {
			refuse("%s has a control character", name)
		}
		if (name == "request" || name == "opaque") && strings.Contains(value, "=") {
			refuse("%s is padded", name)
		}
		parameters = append(parameters, fmt.Sprintf(`%s="%s"`, name, quoting.Replace(value)))
	}
	return object{"field": "Payment " + strings.Join(parameters, ", ")}
}
