package spill

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"
)

// Pieces come back as they were put, from several goroutines, and the folder stays
// empty.
func TestPieces(t *testing.T) {
	dir := t.TempDir()
	s := New(dir)
	var wg sync.WaitGroup
	for g := range 4 {
		wg.Go(func() {
			for n := range 200 {
				want := bytes.Repeat([]byte{byte(g), byte(n)}, 7*n)
				p, err := s.Put(want)
				if err != nil {
					t.Error(err)
					return
				}
				if n%3 == 1 {
					for i := range want {
						want[i]++
					}
					if p, err = p.Replace(want); err != nil {
						t.Error(err)
					}
				}
				if got, err := p.Read(); err != nil || !bytes.Equal(got, want) || p.Size() != len(want) {
					t.Errorf("%d bytes: %d came back, %v", len(want), len(got), err)
				}
			}
		})
	}
	wg.Wait()
	defer s.f.Close()
	if left, _ := os.ReadDir(dir); len(left) != 0 {
		t.Errorf("the file has a name: %v", left)
	}
	if got, err := (Piece{}).Read(); err != nil || len(got) != 0 {
		t.Errorf("no piece: %d bytes, %v", len(got), err)
	}
}

func TestErrors(t *testing.T) {
	if _, err := New(filepath.Join(t.TempDir(), "missing")).Put(nil); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no folder: %v", err)
	}
	s := New(t.TempDir())
	p, err := s.Put([]byte("as it was"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Replace([]byte("longer than it was")); err == nil {
		t.Error("a longer piece fits")
	}
	if _, err := s.f.WriteAt([]byte("X"), 3); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Read(); !errors.Is(err, ErrDamaged) {
		t.Errorf("a changed byte: %v", err)
	}
	if err := s.f.Truncate(4); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Read(); err == nil {
		t.Error("a file that was cut short reads")
	}
	s.f.Close()
	if _, err := s.Put([]byte("more")); err == nil {
		t.Error("a closed file takes a piece")
	}
}
