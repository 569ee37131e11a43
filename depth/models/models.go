// Package models carries the networks that ship inside the program: each an
// .onnx file and its contract of the same name.
package models

import (
	"embed"
	"strings"
)

// The pattern takes the whole folder, so that the program also builds where no
// network lies in it.
//
//go:embed *
var files embed.FS

// Model is a network and its contract, as file contents.
type Model struct {
	Name     string
	ONNX     []byte
	Contract []byte
}

// Shipped returns the network that --depth auto takes; ok is false where none
// ships.
func Shipped() (m Model, ok bool) {
	entries, err := files.ReadDir(".")
	if err != nil {
		return Model{}, false
	}
	for _, e := range entries { // sorted by name
		name, isModel := strings.CutSuffix(e.Name(), ".onnx")
		if !isModel {
			continue
		}
		onnx, err1 := files.ReadFile(e.Name())
		contract, err2 := files.ReadFile(name + ".yaml")
		if err1 == nil && err2 == nil {
			return Model{Name: name, ONNX: onnx, Contract: contract}, true
		}
	}
	return Model{}, false
}
