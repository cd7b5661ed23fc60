package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"regexp"
	"strings"
)

var mppEncodings = map[string]operation{
	"mpp.base64url.decode": func(in, steps object) any {
		return object{"bytes": hexOf(fromBase64url(text(in, "text")))}
	},
	"mpp.base64url.encode": func(in, steps object) any {
		return object{"text": toBase64url(asBytes("bytes", required(in, "bytes")))}
	},
	"mpp.json.canonicalize": func(in, steps object) any {
		source := text(in, "json")
		readJSON(source)
		return object{"canonical": canonicalText(source)}
	},
	"mpp.expires.parse": func(in, steps object) any {
		instant := asInstant("text", required(in, "text"))
		return object{"epochSeconds": instant.Unix(), "nanoseconds": instant.Nanosecond()}
	},
	"mpp.did.parse":             parseDID,
	"mpp.digest.rfc9530":        bodyDigest(":"),
	"mpp.digest.without-colons": bodyDigest(""),
	"mpp.digest.verify":         verifyBodyDigest,
}

var payerDID = regexp.MustCompile(`^did:pkh:eip155:(0|[1-9][0-9]*):(0x[0-9A-Fa-f]{40})$`)

func parseDID(in, steps object) any {
	parts := payerDID.FindStringSubmatch(text(in, "text"))
	if parts == nil {
		refuse("no DID of an account")
	}
	return object{"chainId": json.Number(parts[1]), "address": strings.ToLower(parts[2])}
}

func hashBody(in, steps object) []byte {
	sum := sha256.Sum256(asBytes("body", required(in, "body")))
	steps["sha256"] = hexOf(sum[:])
	steps["base64"] = base64.StdEncoding.EncodeToString(sum[:])
	return sum[:]
}

// sha256Digest writes a digest; RFC 9530 has colons around the base64.
func sha256Digest(sum []byte, colon string) string {
	return "sha-256=" + colon + base64.StdEncoding.EncodeToString(sum) + colon
}

func bodyDigest(colon string) operation {
	return func(in, steps object) any {
		return object{"digest": sha256Digest(hashBody(in, steps), colon)}
	}
}

var digestForm = regexp.MustCompile(`^sha-256=(?:([^:]*)|:([^:]*):)$`)

// requireDigest refuses a digest that is not of these 32 bytes.
func requireDigest(digest string, sum []byte) {
	parts := digestForm.FindStringSubmatch(digest)
	if parts == nil {
		refuse("no digest of SHA-256")
	}
	if !bytes.Equal(decodeBase64(base64.StdEncoding, parts[1]+parts[2]), sum) {
		refuse("the digest of another body")
	}
}

func verifyBodyDigest(in, steps object) any {
	requireDigest(text(in, "digest"), hashBody(in, steps))
	return object{"algorithm": "sha-256"}
}
