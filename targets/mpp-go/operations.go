package main

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"strconv"
	"strings"

	"github.com/tempoxyz/mpp-go/pkg/mpp"
)

type operation func(given json.RawMessage) (any, error)

// Those of the golden vectors that are public functions of pkg/mpp.
var operations = map[string]operation{
	"amount.to-base-units":      on(toBaseUnits),
	"mpp.challenge.format":      on(challengeFormat),
	"mpp.challenge.id":          on(challengeID),
	"mpp.challenge.parse":       on(challengeParse),
	"mpp.credential.format":     on(credentialFormat),
	"mpp.credential.parse":      on(credentialParse),
	"mpp.digest.verify":         on(digestVerify),
	"mpp.digest.without-colons": on(digestCompute),
	"mpp.receipt.format":        on(receiptFormat),
	"mpp.receipt.parse":         on(receiptParse),
}

type object = map[string]any

type field struct{ Field string }

// parameters are those of a challenge as they go over the wire, each a text.
type parameters map[string]string

// on reads an input as the types the SDK demands.
func on[Input any](call func(Input) (any, error)) operation {
	return func(given json.RawMessage) (any, error) {
		var input Input
		if err := json.Unmarshal(given, &input); err != nil {
			return nil, err
		}
		return call(input)
	}
}

// convert reads what is on the wire by the SDK's own UnmarshalJSON.
func convert(wire any, value json.Unmarshaler) error {
	text, err := json.Marshal(wire)
	if err != nil {
		return err
	}
	return json.Unmarshal(text, value)
}

func challengeParse(input field) (any, error) {
	challenge, err := mpp.ParseChallenge(input.Field)
	if err != nil {
		return nil, err
	}
	// The SDK decodes opaque; as text only a credential has it.
	credential, err := onTheWire(challenge.NewCredential(object{}))
	if err != nil {
		return nil, err
	}
	output := credential["challenge"].(object)
	if challenge.Description != "" {
		output["description"] = challenge.Description
	}
	return object{"challenge": output}, nil
}

func challengeFormat(input struct{ Challenge parameters }) (any, error) {
	var challenge mpp.Challenge
	if err := convert(input.Challenge, &challenge); err != nil {
		return nil, err
	}
	header, err := mpp.FormatAuthenticateStrict(&challenge, challenge.Realm)
	return object{"field": header}, err
}

func challengeID(input struct {
	Secret string
	mpp.GenerateChallengeIDInput
}) (any, error) {
	input.SecretKey = input.Secret
	return object{"id": mpp.GenerateChallengeID(input.GenerateChallengeIDInput)}, nil
}

func credentialParse(input field) (any, error) {
	credential, err := mpp.ParseCredential(input.Field)
	if err != nil {
		return nil, err
	}
	return onTheWire(credential)
}

type wireCredential struct {
	Challenge parameters `json:"challenge"`
	Payload   object     `json:"payload"`
	Source    string     `json:"source"`
}

func credentialFormat(input struct{ Credential wireCredential }) (any, error) {
	var credential mpp.Credential
	if err := convert(input.Credential, &credential); err != nil {
		return nil, err
	}
	return object{"field": mpp.FormatAuthorization(&credential)}, nil
}

// onTheWire is a credential with the names and encodings of the protocol, written and decoded by
// the SDK.
func onTheWire(credential *mpp.Credential) (object, error) {
	return mpp.B64Decode(strings.TrimPrefix(mpp.FormatAuthorization(credential), "Payment "))
}

func receiptParse(input field) (any, error) {
	receipt, err := mpp.ParseReceipt(input.Field)
	if err != nil {
		return nil, err
	}
	return object{"receipt": object{
		"status":    receipt.Status,
		"method":    receipt.Method,
		"timestamp": receipt.Timestamp,
		"reference": receipt.Reference,
	}}, nil
}

func receiptFormat(input struct{ Receipt mpp.Receipt }) (any, error) {
	return object{"field": mpp.FormatReceipt(&input.Receipt)}, nil
}

func digestCompute(input struct{ Body string }) (any, error) {
	body, err := fromHex(input.Body)
	if err != nil {
		return nil, err
	}
	return object{"digest": mpp.BodyDigest.Compute(body)}, nil
}

func digestVerify(input struct{ Body, Digest string }) (any, error) {
	body, err := fromHex(input.Body)
	if err != nil {
		return nil, err
	}
	if !mpp.BodyDigest.Verify(input.Digest, body) {
		return nil, errors.New("BodyDigest.Verify() is false")
	}
	return object{"algorithm": "sha-256"}, nil
}

func toBaseUnits(input struct {
	Decimal  string
	Decimals int
}) (any, error) {
	amount, err := mpp.ParseUnits(input.Decimal, input.Decimals)
	return object{"amount": strconv.FormatInt(amount, 10)}, err
}

func fromHex(text string) ([]byte, error) {
	digits, found := strings.CutPrefix(text, "0x")
	if !found {
		return nil, errors.New("bytes are written with 0x")
	}
	return hex.DecodeString(digits)
}
