package main

import (
	"regexp"
	"strings"
	"time"
)

// The package time knows neither small letters nor the ends of an offset, and
// takes commas; whether there is such a day and time, it does know.
var dateTime = regexp.MustCompile(
	`^\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]([01]\d|2[0-3]):[0-5]\d)$`)

func asInstant(name string, value any) time.Time {
	text := asText(name, value)
	instant, err := time.Parse(time.RFC3339Nano, strings.ToUpper(text))
	if err != nil || !dateTime.MatchString(text) {
		refuse("%s is no date-time of RFC 3339", name)
	}
	return instant
}
