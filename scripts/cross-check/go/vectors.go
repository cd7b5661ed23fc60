package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strings"
)

// A vectorFile holds the cases of one operation.
type vectorFile struct {
	Operation  string
	ComparedBy string
	Groups     []struct {
		Shared object
		Cases  []*vector
	}
}

// A vector is one case; its input is complete once load has read it.
type vector struct {
	ID     string
	Input  object
	Steps  members
	Result string
	Output any
}

// Members are those of an object in the order of the file.
type members []member

type member struct {
	name  string
	value any
}

func (m *members) UnmarshalJSON(text []byte) error {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	if _, err := decoder.Token(); err != nil {
		return err
	}
	for decoder.More() {
		name, err := decoder.Token()
		if err != nil {
			return err
		}
		var value any
		if err := decoder.Decode(&value); err != nil {
			return err
		}
		*m = append(*m, member{name.(string), value})
	}
	return nil
}

func (f *vectorFile) vectors() []*vector {
	var all []*vector
	for _, group := range f.Groups {
		all = append(all, group.Cases...)
	}
	return all
}

func load(folder string) ([]*vectorFile, error) {
	var files []*vectorFile
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !isVectorFile(entry.Name()) {
			return err
		}
		file, err := read(path)
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		files = append(files, file)
		return nil
	})
	return files, err
}

func isVectorFile(name string) bool {
	return strings.HasSuffix(name, ".json") && !strings.HasSuffix(name, ".schema.json") &&
		name != "manifest.json"
}

func read(path string) (*vectorFile, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	file := new(vectorFile)
	if err := decoder.Decode(file); err != nil {
		return nil, err
	}
	for _, group := range file.Groups {
		for _, vector := range group.Cases {
			input := maps.Clone(group.Shared)
			if input == nil {
				input = object{}
			}
			maps.Copy(input, vector.Input)
			vector.Input = input
		}
	}
	return file, nil
}
