package main

import "encoding/base64"

var x402Fields = map[string]operation{
	"x402.payment-required.decode":  decodeField("paymentRequired", paymentRequired),
	"x402.payment-required.encode":  encodeField("paymentRequired", paymentRequired),
	"x402.payment-response.decode":  decodeField("settleResponse", settleResponse),
	"x402.payment-response.encode":  encodeField("settleResponse", settleResponse),
	"x402.payment-signature.decode": decodeField("paymentPayload", paymentPayload),
	"x402.payment-signature.encode": encodeField("paymentPayload", paymentPayload),
	"x402.v1.payment.decode":        decodeField("paymentPayload", paymentPayloadV1),
	"x402.v1.payment.encode":        encodeField("paymentPayload", paymentPayloadV1),
	"x402.v1.payment-required.parse": func(in, steps object) any {
		required := readObject(text(in, "body"))
		paymentRequiredV1.read(required)
		steps["offers"] = len(list(required, "accepts"))
		return object{"paymentRequired": required}
	},
}

var (
	offer = shape{
		"scheme":            asIs(asText),
		"network":           asIs(asNetwork),
		"amount":            asIs(asBaseUnits),
		"asset":             asIs(asText),
		"payTo":             asIs(asText),
		"maxTimeoutSeconds": asIs(asAnyNumber),
		"extra?":            asIs(asObject),
	}
	resource = shape{
		"url":          asIs(asText),
		"description?": asIs(asText),
		"mimeType?":    asIs(asText),
	}
	paymentRequired = shape{
		"x402Version": oneOf(2),
		"resource":    resource.asIs,
		"accepts":     listOf(offer.asIs),
		"error?":      asIs(asText),
		"extensions?": asIs(asObject),
	}
	paymentPayload = shape{
		"x402Version": oneOf(2),
		"accepted":    offer.asIs,
		"payload":     asIs(asObject),
		"resource?":   resource.asIs,
		"extensions?": asIs(asObject),
	}
	settleResponse = shape{
		"success":       asIs(asFlag),
		"transaction":   asIs(asText),
		"network":       asIs(asNetwork),
		"payer?":        asIs(asText),
		"errorReason?":  asIs(asText),
		"errorMessage?": asIs(asText),
		"status?":       asIs(asText),
		"amount?":       asIs(asBaseUnits),
		"extensions?":   asIs(asObject),
	}

	offerV1 = shape{
		"scheme":            asIs(asText),
		"network":           asIs(asText),
		"maxAmountRequired": asIs(asBaseUnits),
		"asset":             asIs(asText),
		"payTo":             asIs(asText),
		"resource":          asIs(asText),
		"description":       asIs(asText),
		"maxTimeoutSeconds": asIs(asAnyNumber),
		"mimeType?":         asIs(asText),
		"outputSchema?":     asIs(asObject),
		"extra?":            asIs(asObject),
	}
	paymentRequiredV1 = shape{
		"x402Version": oneOf(1),
		"accepts":     listOf(offerV1.asIs),
		"error?":      asIs(asText),
	}
	paymentPayloadV1 = shape{
		"x402Version": oneOf(1),
		"scheme":      asIs(asText),
		"network":     asIs(asText),
		"payload":     asIs(asObject),
	}
)

func decodeField(member string, shape shape) operation {
	return func(in, steps object) any {
		json := string(decodeBase64(base64.StdEncoding, text(in, "field")))
		steps["json"] = json
		return object{member: shape.asIs(member, readJSON(json))}
	}
}

func encodeField(member string, shape shape) operation {
	return func(in, steps object) any {
		json := canonical(shape.asIs(member, required(in, member)))
		steps["json"] = json
		return object{"field": base64.StdEncoding.EncodeToString([]byte(json))}
	}
}
