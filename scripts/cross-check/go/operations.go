package main

import "fmt"

// An operation takes a complete input, notes its intermediate values in steps,
// and returns its output, or refuses.
type operation func(in object, steps object) any

// operations are those of all areas.
var operations = union(evmCharges, evmHashes, evmSignatures, evmTypedData,
	mppChallenges, mppCredentials, mppEncodings, mppMessages, mppPreferences,
	amounts, periods, periodTypedData, saBodies, saChannels, saErrors, saRequests,
	x402Fields, x402Offers, x402TypedData)

func union(areas ...map[string]operation) map[string]operation {
	all := map[string]operation{}
	for _, area := range areas {
		for name, operation := range area {
			if all[name] != nil {
				panic("two implementations of " + name)
			}
			all[name] = operation
		}
	}
	return all
}

// A refusal is thrown by whatever finds an input unfit, however deep in an
// operation; attempt catches it.
type refusal string

func refuse(format string, args ...any) {
	panic(refusal(fmt.Sprintf(format, args...)))
}

func attempt(operation operation, in object) (output any, steps object, refused *refusal) {
	defer func() {
		switch thrown := recover().(type) {
		case nil:
		case refusal:
			refused = &thrown
		default:
			panic(thrown)
		}
	}()
	steps = object{}
	output = operation(in, steps)
	return output, steps, nil
}
