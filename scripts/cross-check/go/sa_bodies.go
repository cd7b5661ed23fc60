package main

import "maps"

var saBodies = map[string]operation{
	"sa.body.charge-settle": forward("charge/settle", map[string]shape{
		"transaction": request(shape{"authorization": signedAuthorization.asIs}, anySource, challenged),
	}),
	"sa.body.charge-verify-hash": forward("charge/verifyHash", map[string]shape{
		"hash": request(shape{"hash": asIs(asWord)}, someSource, challenged),
	}),
	"sa.body.session-open": forward("session/open", map[string]shape{
		"transaction": request(join(opening, deposit), anySource, challenged),
		"hash":        request(join(opening, shape{"hash": asIs(asWord)}), someSource, challenged),
	}),
	"sa.body.session-top-up": forward("session/topUp", map[string]shape{
		"transaction": request(join(topUp, deposit), anySource),
		"hash":        request(join(topUp, shape{"hash": asIs(asWord)}), anySource),
	}),
	"sa.body.session-close":  withdraw("close"),
	"sa.body.session-settle": withdraw("settle"),
}

var (
	anySource  = shape{"source?": asIs(asText)}
	someSource = shape{"source": asIs(asFilled)}
	challenged = shape{"challenge": shape{
		"id":       asIs(asText),
		"realm":    asIs(asText),
		"method":   asIs(asText),
		"intent":   asIs(asText),
		"request":  asIs(asText),
		"expires?": asIs(asText),
	}.asIs}

	authorization = shape{
		"type?":       oneOf("eip-3009"),
		"from":        asIs(asAddress),
		"to":          asIs(asAddress),
		"value":       ofBits(asDecimal, 256),
		"validAfter":  ofBits(asDecimal, 256),
		"validBefore": ofBits(asDecimal, 256),
		"nonce":       asIs(asWord),
	}
	signed              = shape{"signature": asIs(asSignature)}
	signedSplit         = join(authorization, signed)
	signedAuthorization = join(signedSplit, shape{"splits?": listOf(signedSplit.asIs)})

	deposit = join(shape{"authorization": authorization.asIs}, signed)
	opening = shape{
		"action":            oneOf("open"),
		"channelId":         asIs(asWord),
		"salt":              asIs(asWord),
		"authorizedSigner?": asIs(asAddress),
	}
	topUp = shape{
		"action":            oneOf("topUp"),
		"channelId":         asIs(asWord),
		"topUpSalt":         asIs(asWord),
		"additionalDeposit": ofBits(asDecimal, 128),
	}
	withdrawal = shape{
		"channelId":        asIs(asWord),
		"cumulativeAmount": ofBits(asDecimal, 128),
		"voucherSignature": asIs(asSignature),
		"payeeSignature":   asIs(asSignature),
		"nonce":            ofBits(asDecimal, 256),
		"deadline":         ofBits(asDecimal, 256),
	}
)

func join(shapes ...shape) shape {
	all := shape{}
	for _, shape := range shapes {
		maps.Copy(all, shape)
	}
	return all
}

// request is the shape of a body whose payload has a type and these members.
func request(payload shape, others ...shape) shape {
	payload = join(payload, shape{"type": asIs(asText)})
	return join(append(others, shape{"payload": payload.only})...)
}

// forward sends what has the shape of its payload's type.
func forward(path string, types map[string]shape) operation {
	return func(in, steps object) any {
		kind := text(nested(in, "payload"), "type")
		shape, known := types[kind]
		if !known {
			refuse("a payload of type %s", kind)
		}
		return post(path, shape.read(in), steps)
	}
}

func withdraw(action string) operation {
	return func(in, steps object) any {
		payload := withdrawal.read(in)
		payload["action"] = action
		return post("session/"+action, object{"payload": payload}, steps)
	}
}

func post(path string, body, steps object) object {
	steps["payload"] = canonical(body["payload"])
	return object{"method": "POST", "path": saPath + path, "body": body}
}
