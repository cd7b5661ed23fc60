package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
)

var saRequests = map[string]operation{
	"sa.request.sign": func(in, steps object) any {
		return object{"signature": accessSign(in, steps)}
	},
	"sa.request.verify": func(in, steps object) any {
		expected := accessSign(in, steps)
		steps["expected"] = expected
		if text(in, "signature") != expected {
			refuse("not the signature")
		}
		return object{"valid": true}
	},
	"sa.status.path": func(in, steps object) any {
		word(in, "channelId")
		return object{"method": "GET", "path": saPath + "session/status?channelId=" + text(in, "channelId")}
	},
	"sa.envelope.decode": decodeEnvelope,
}

const saPath = "/api/v6/pay/mpp/"

// accessSign is the value of OK-ACCESS-SIGN.
func accessSign(in, steps object) string {
	secret := filled(in, "secret")
	message := filled(in, "timestamp") + filled(in, "method") + filled(in, "path") + text(in, "body")
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(message))
	sum := mac.Sum(nil)
	steps["message"], steps["mac"] = message, hexOf(sum)
	return base64.StdEncoding.EncodeToString(sum)
}

func decodeEnvelope(in, steps object) any {
	envelope := readObject(text(in, "body"))
	code := asInteger("code", required(envelope, "code"))
	// Past 64 bits, readers of JSON hold different numbers.
	if code.IsInt64() {
		steps["code"] = code
	}
	if code.Sign() != 0 {
		refuse("code %s", code)
	}
	return object{"data": nested(envelope, "data")}
}
