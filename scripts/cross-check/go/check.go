package main

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
)

//go:embed skips.json
var skipsText []byte

// checkAll recomputes every case, and returns what to say when all agree, or
// what does not.
func checkAll(files []*vectorFile) (summary string, problems []string) {
	skips := map[string]string{}
	if err := json.Unmarshal(skipsText, &skips); err != nil {
		return "", []string{"skips.json: " + err.Error()}
	}
	cases, checked := 0, 0
	seen := map[string]bool{}
	for _, file := range files {
		name := file.Operation
		seen[name] = true
		if operations[name] == nil {
			if skips[name] == "" {
				problems = append(problems, name+": unknown operation")
			}
			continue
		}
		checked++
		if len(file.vectors()) == 0 {
			problems = append(problems, name+": no cases")
		}
		for _, vector := range file.vectors() {
			cases++
			if problem := vector.check(file); problem != "" {
				problems = append(problems, vector.ID+": "+problem)
			}
		}
	}
	if cases == 0 {
		problems = append(problems, "no cases were checked")
	}
	for _, name := range slices.Sorted(maps.Keys(skips)) {
		if !seen[name] || operations[name] != nil {
			problems = append(problems, name+": skips.json lists it for nothing")
		}
	}
	return fmt.Sprintf("go: %d cases in %d operations agree", cases, checked), problems
}

// check says what differs first, or nothing.
func (v *vector) check(file *vectorFile) string {
	output, steps, refused := attempt(operations[file.Operation], v.Input)
	switch {
	case v.Result != "valid" && v.Result != "invalid":
		return fmt.Sprintf("result %q", v.Result)
	case v.Result == "valid" && refused != nil:
		return fmt.Sprintf("valid, but refused: %s", *refused)
	}
	for _, step := range v.Steps {
		computed, ok := steps[step.name]
		if !ok && v.Result == "invalid" {
			continue
		}
		if !ok {
			return fmt.Sprintf("step %s was not computed", step.name)
		}
		if !alikeStep(file.ComparedBy, computed, step.value) {
			return differs("step "+step.name, step.value, computed)
		}
		delete(steps, step.name)
	}
	if v.Result == "invalid" {
		if refused == nil {
			return fmt.Sprintf("invalid, but computed %s", show(output))
		}
		return ""
	}
	for _, name := range slices.Sorted(maps.Keys(steps)) {
		return differs("step "+name, nil, steps[name])
	}
	if !alike(file.ComparedBy, output, v.Output) {
		return differs("output", v.Output, output)
	}
	return ""
}

// alike compares outputs, or, where spelling is free, how they are read.
func alike(comparedBy string, computed, expected any) bool {
	if comparedBy == "" {
		return equal(computed, expected)
	}
	read := operations[comparedBy]
	if read == nil {
		return false
	}
	ours, isObject := computed.(object)
	theirs, areObjects := expected.(object)
	if !isObject || !areObjects {
		return false
	}
	a, _, refusedOurs := attempt(read, ours)
	b, _, refusedTheirs := attempt(read, theirs)
	return refusedOurs == nil && refusedTheirs == nil && equal(a, b)
}

// alikeStep compares steps. Where the spelling of an output is free, so is that
// of the JSON object in it.
func alikeStep(comparedBy string, computed, expected any) bool {
	if comparedBy != "" {
		ours, isObject := objectIn(computed)
		theirs, expectsObject := objectIn(expected)
		if isObject && expectsObject {
			return equal(ours, theirs)
		}
	}
	return equal(computed, expected)
}

// objectIn is the object whose JSON a text is.
func objectIn(value any) (members object, ok bool) {
	text, isText := value.(string)
	if !isText {
		return nil, false
	}
	_, _, refused := attempt(func(object, object) any {
		members = readObject(text)
		return nil
	}, nil)
	return members, refused == nil
}

func differs(what string, expected, computed any) string {
	return fmt.Sprintf("%s differs\n  expected %s\n  computed %s", what, show(expected), show(computed))
}
