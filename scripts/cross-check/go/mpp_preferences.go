package main

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
)

var mppPreferences = map[string]operation{
	"mpp.accept-payment.parse": func(in, steps object) any {
		return object{"ranges": paymentRanges(text(in, "field"))}
	},
	"mpp.accept-payment.rank": rankOffers,
}

// A paymentRange is what a client accepts; its weight is in thousandths.
type paymentRange struct {
	Method string `json:"method"`
	Intent string `json:"intent"`
	Weight int    `json:"q"`
}

var rangeForm = regexp.MustCompile(`^([a-z]+|\*)/([A-Za-z0-9-]+|\*)` +
	`(?:[ \t]*;[ \t]*[Qq]=(?:0(?:\.([0-9]{0,3}))?|(1)(?:\.0{0,3})?))?$`)

func paymentRanges(field string) []paymentRange {
	ranges := []paymentRange{}
	for element := range strings.SplitSeq(field, ",") {
		element = strings.Trim(element, " \t")
		if element == "" {
			continue
		}
		parts := rangeForm.FindStringSubmatch(element)
		if parts == nil {
			refuse("%q is no range", element)
		}
		weight := 1000
		if strings.Contains(element, ";") && parts[4] == "" {
			weight, _ = strconv.Atoi((parts[3] + "000")[:3])
		}
		ranges = append(ranges, paymentRange{parts[1], parts[2], weight})
	}
	return ranges
}

// named counts what a range that matches an offer names of it; it is -1 of one
// that does not match.
func (r paymentRange) named(method, intent string) int {
	named := 0
	for _, pair := range [][2]string{{r.Method, method}, {r.Intent, intent}} {
		switch pair[0] {
		case "*":
		case pair[1]:
			named++
		default:
			return -1
		}
	}
	return named
}

func rankOffers(in, steps object) any {
	offers := list(in, "offers")
	field, ok := given(in, "field")
	if !ok {
		return object{"offers": offers}
	}
	ranges := paymentRanges(asText("field", field))
	steps["ranges"] = ranges
	weight := func(offer any) int {
		method, intent := text(asObject("offer", offer), "method"), text(asObject("offer", offer), "intent")
		most, weight := -1, 0
		for _, each := range ranges {
			if named := each.named(method, intent); named > most {
				most, weight = named, each.Weight
			}
		}
		return weight
	}
	wanted := slices.DeleteFunc(slices.Clone(offers), func(offer any) bool { return weight(offer) == 0 })
	slices.SortStableFunc(wanted, func(a, b any) int { return weight(b) - weight(a) })
	return object{"offers": wanted}
}
