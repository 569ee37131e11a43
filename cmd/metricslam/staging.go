package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// bucketURL is what metricslam-storage reads and writes.
var bucketURL = regexp.MustCompile(`^(s3|gs|azblob|file)://`)

// outputFlags name what a command writes; every other argument is read.
var outputFlags = []string{"-o", "--output"}

// staging keeps what arguments name by URL on this machine while a command runs: what it
// reads is fetched before, what it writes is pushed after. A URL has one folder, so that
// what did not change is not copied again, and a command that was stopped goes on.
type staging struct {
	root    string
	quiet   bool
	outputs map[string]string // URL by path on this machine
}

// stage replaces the URLs among the arguments by paths, and fetches what is read.
func stage(ctx context.Context, args []string) (*staging, []string, error) {
	s := &staging{outputs: make(map[string]string), quiet: slices.Contains(args, "--quiet")}
	out := make([]string, 0, len(args))
	for i, a := range args {
		flag, value := "", a
		switch {
		case strings.HasPrefix(a, "--") && strings.Contains(a, "="):
			flag, value, _ = strings.Cut(a, "=")
		case strings.HasPrefix(a, "-o") && bucketURL.MatchString(a[2:]):
			flag, value = "-o", a[2:]
		}
		writes := isOutput(flag) || flag == "" && i > 0 && isOutput(args[i-1])
		local, err := s.all(ctx, value, writes)
		if err != nil {
			return nil, nil, err
		}
		switch {
		case strings.HasPrefix(flag, "--"):
			local = flag + "=" + local
		case flag != "":
			local = flag + local
		}
		out = append(out, local)
	}
	return s, out, nil
}

func isOutput(flag string) bool { return flag == outputFlags[0] || flag == outputFlags[1] }

// all replaces a URL, or a list of them with commas.
func (s *staging) all(ctx context.Context, value string, writes bool) (string, error) {
	parts := []string{value}
	if list := strings.Split(value, ","); len(list) > 1 && bucketURL.MatchString(list[1]) {
		parts = list
	}
	for i, p := range parts {
		if !bucketURL.MatchString(p) {
			continue
		}
		local, err := s.one(ctx, p, writes)
		if err != nil {
			return "", err
		}
		parts[i] = local
	}
	return strings.Join(parts, ","), nil
}

func (s *staging) one(ctx context.Context, url string, writes bool) (string, error) {
	dir, err := s.folder(url)
	if err != nil {
		return "", err
	}
	if !writes {
		if !s.quiet {
			fmt.Fprintln(os.Stderr, "fetching", url)
		}
		text, err := storageTool(ctx, "fetch", url, dir)
		return strings.TrimSuffix(string(text), "\n"), err
	}
	location, _, _ := strings.Cut(url, "?")
	local := filepath.Join(dir, path.Base(strings.TrimRight(location, "/")))
	s.outputs[local] = url
	return local, nil
}

// folder is that of a URL: METRICSLAM_STAGING, or the user's cache, and a digest.
func (s *staging) folder(url string) (string, error) {
	if s.root == "" {
		s.root = os.Getenv("METRICSLAM_STAGING")
	}
	if s.root == "" {
		cache, err := os.UserCacheDir()
		if err != nil {
			return "", fmt.Errorf("%s: %w; set METRICSLAM_STAGING to a folder with room for it", url, err)
		}
		s.root = filepath.Join(cache, "metricslam", "staging")
	}
	dir := filepath.Join(s.root, fmt.Sprintf("%x", sha256.Sum256([]byte(url)))[:16])
	return dir, os.MkdirAll(dir, 0o755)
}

// push copies what the command wrote to where it belongs.
func (s *staging) push(ctx context.Context) error {
	for local, url := range s.outputs {
		if _, err := os.Stat(local); errors.Is(err, os.ErrNotExist) {
			continue
		}
		if _, err := storageTool(ctx, "push", local, url); err != nil {
			return fmt.Errorf("%w; the results lie in %s", err, local)
		}
		if !s.quiet {
			fmt.Fprintln(os.Stderr, "copied to", url)
		}
	}
	return nil
}

// storageTool runs the program that knows the services: the one beside this one, or that
// of PATH.
func storageTool(ctx context.Context, args ...string) ([]byte, error) {
	const name = "metricslam-storage"
	tool := name
	if self, err := os.Executable(); err == nil {
		if beside := filepath.Join(filepath.Dir(self), name); isFile(beside) {
			tool = beside
		}
	}
	cmd := exec.CommandContext(ctx, tool, args...)
	var said strings.Builder
	cmd.Stderr = &said
	out, err := cmd.Output()
	if errors.Is(err, exec.ErrNotFound) {
		return nil, fmt.Errorf("URLs of buckets need the program %s beside this one; make build makes it", name)
	}
	if err != nil && said.Len() > 0 {
		err = errors.New(strings.TrimPrefix(strings.TrimSpace(said.String()), name+": "))
	}
	return out, err
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}
