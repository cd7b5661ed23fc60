package main

import (
	"encoding/base64"
	"strings"
)

// decodeBase64 refuses what the package takes otherwise: line ends, and unused
// bits that are not zero, which let one value have several spellings.
func decodeBase64(encoding *base64.Encoding, text string) []byte {
	data, err := encoding.Strict().DecodeString(text)
	if err != nil || strings.ContainsAny(text, "\r\n") {
		refuse("no base64")
	}
	return data
}

func toBase64url(data []byte) string { return base64.RawURLEncoding.EncodeToString(data) }

// fromBase64url refuses padding; fromPaddedBase64url needs none, but takes it.
func fromBase64url(text string) []byte { return decodeBase64(base64.RawURLEncoding, text) }

func fromPaddedBase64url(text string) []byte {
	if strings.HasSuffix(text, "=") {
		return decodeBase64(base64.URLEncoding, text)
	}
	return fromBase64url(text)
}
