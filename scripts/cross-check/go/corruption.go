package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
)

// testSelf corrupts an output, a step and a verdict of every operation, and
// returns what was not noticed.
func testSelf(files []*vectorFile) (summary string, problems []string) {
	_, problems = checkAll(files)
	corruptions := 0
	for _, file := range files {
		for _, corrupted := range corruptedVectors(file) {
			corruptions++
			if corrupted.check(file) == "" {
				problems = append(problems, corrupted.ID+": went unnoticed")
			}
		}
	}
	return fmt.Sprintf("go: %d corruptions noticed", corruptions), problems
}

func corruptedVectors(file *vectorFile) []vector {
	var all []vector
	add := func(original vector, what string, change func(*vector)) {
		original.ID += " with another " + what
		change(&original)
		all = append(all, original)
	}
	valid := func(v *vector) bool { return v.Result == "valid" }
	invalid := func(v *vector) bool { return v.Result == "invalid" }
	withSteps := func(v *vector) bool { return valid(v) && len(v.Steps) > 0 }

	vectors := file.vectors()
	if i := slices.IndexFunc(vectors, valid); i >= 0 {
		add(*vectors[i], "output", func(v *vector) { v.Output = corrupt(v.Output) })
		add(*vectors[i], "verdict", func(v *vector) { v.Result = "invalid" })
	}
	if i := slices.IndexFunc(vectors, invalid); i >= 0 {
		add(*vectors[i], "verdict", func(v *vector) { v.Result = "valid" })
	}
	if i := slices.IndexFunc(vectors, withSteps); i >= 0 {
		for step := range vectors[i].Steps {
			add(*vectors[i], "step "+vectors[i].Steps[step].name, func(v *vector) {
				v.Steps = slices.Clone(v.Steps)
				v.Steps[step].value = corrupt(v.Steps[step].value)
			})
		}
		add(*vectors[i], "unknown step", func(v *vector) {
			v.Steps = append(slices.Clone(v.Steps), member{"unknown", true})
		})
	}
	return all
}

// corrupt changes the first leaf of a value.
func corrupt(value any) any {
	switch value := value.(type) {
	case string:
		return corruptText(value)
	case bool:
		return !value
	case json.Number:
		if value == "0" {
			return json.Number("1")
		}
		return json.Number("0")
	case []any:
		if len(value) == 0 {
			return []any{true}
		}
		return append([]any{corrupt(value[0])}, value[1:]...)
	case object:
		changed := object{}
		for _, name := range slices.Sorted(maps.Keys(value)) {
			if changed[name] = value[name]; len(changed) == 1 {
				changed[name] = corrupt(value[name])
			}
		}
		if len(changed) == 0 {
			changed["unknown"] = true
		}
		return changed
	}
	return "corrupted"
}

// corruptText changes the last letter or digit.
func corruptText(text string) string {
	letters := []byte(text)
	for i := len(letters) - 1; i >= 0; i-- {
		switch letter := letters[i]; {
		case letter >= '0' && letter < '9', letter >= 'a' && letter < 'z', letter >= 'A' && letter < 'Z':
			letters[i]++
			return string(letters)
		}
	}
	return text + "0"
}
