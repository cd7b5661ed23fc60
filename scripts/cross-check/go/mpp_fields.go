package main

import (
	"regexp"
	"strings"
)

// An authChallenge is one of the list that a WWW-Authenticate field value is.
// The names of its parameters are in lower case.
type authChallenge struct {
	scheme     string
	parameters object
}

// The parts of RFC 9110's grammar, each at the start of what is left to read.
var (
	spaces        = regexp.MustCompile(`^ +`)
	emptyElements = regexp.MustCompile(`^[ \t,]*`)
	endOfElement  = regexp.MustCompile(`^[ \t]*(,|$)`)
	fieldToken    = regexp.MustCompile("^[!#$%&'*+.^_`|~0-9A-Za-z-]+")
	token68       = regexp.MustCompile(`^[A-Za-z0-9._~+/-]+=*`)
	equalsSign    = regexp.MustCompile(`^[ \t]*=[ \t]*`)
	quotedString  = regexp.MustCompile(`^"((?:[^"\\\x00-\x08\x0A-\x1F\x7F]|\\[^\x00-\x08\x0A-\x1F\x7F])*)"`)
	quotedPair    = regexp.MustCompile(`\\(.)`)
)

// A fieldReader is what is left of a field value.
type fieldReader string

// take reads what matches at the start, and its groups.
func (r *fieldReader) take(pattern *regexp.Regexp) []string {
	match := pattern.FindStringSubmatch(string(*r))
	if match != nil {
		*r = (*r)[len(match[0]):]
	}
	return match
}

func parseChallenges(field string) []authChallenge {
	var all []authChallenge
	reader := fieldReader(field)
	for reader.take(emptyElements); reader != ""; reader.take(emptyElements) {
		if name, value, ok := reader.parameter(); ok {
			if len(all) == 0 {
				refuse("a parameter of no challenge")
			}
			all[len(all)-1].add(name, value)
		} else {
			all = append(all, reader.challenge())
		}
		if reader.take(endOfElement) == nil {
			refuse("%q is no end of a parameter", string(reader))
		}
	}
	return all
}

func (c authChallenge) add(name, value string) {
	if _, ok := c.parameters[name]; ok {
		refuse("%s stands twice", name)
	}
	c.parameters[name] = value
}

// parameter reads an auth-param, or nothing.
func (r *fieldReader) parameter() (name, value string, ok bool) {
	rest := *r
	nameMatch := rest.take(fieldToken)
	if nameMatch == nil || rest.take(equalsSign) == nil {
		return "", "", false
	}
	if quoted := rest.take(quotedString); quoted != nil {
		value = quotedPair.ReplaceAllString(quoted[1], "$1")
	} else if token := rest.take(fieldToken); token != nil {
		value = token[0]
	} else {
		return "", "", false
	}
	*r = rest
	return strings.ToLower(nameMatch[0]), value, true
}

// challenge reads a scheme, and what stands behind it up to the next comma.
func (r *fieldReader) challenge() authChallenge {
	scheme := r.take(fieldToken)
	if scheme == nil {
		refuse("%q is no challenge", string(*r))
	}
	challenge := authChallenge{scheme[0], object{}}
	if r.take(spaces) == nil {
		return challenge
	}
	if name, value, ok := r.parameter(); ok {
		challenge.add(name, value)
	} else {
		r.take(token68)
	}
	return challenge
}
