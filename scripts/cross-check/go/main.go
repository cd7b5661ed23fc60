// Command cross-check recomputes the golden vectors with implementations of
// its own, and fails unless every output, step and verdict agrees.
package main

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
)

func main() {
	folder := flag.String("default", "vectors", "the `folder` to read when none is named")
	selfTest := flag.Bool("self-test", false, "see that corrupted vectors are reported")
	flag.Parse()
	if flag.NArg() > 0 {
		*folder = flag.Arg(0)
	}

	files, err := load(*folder)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	files = slices.DeleteFunc(files, func(file *vectorFile) bool {
		return !strings.HasPrefix(file.Operation, flag.Arg(1))
	})
	report := checkAll
	if *selfTest {
		report = testSelf
	}
	summary, problems := report(files)
	for _, problem := range problems {
		fmt.Println(problem)
	}
	if len(problems) > 0 {
		os.Exit(1)
	}
	fmt.Println(summary)
}
