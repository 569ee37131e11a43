package models

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// EnvDir is the environment variable that names the folder of models that were
// pulled.
const EnvDir = "METRICSLAM_MODELS"

// CacheDir returns the folder of models that were pulled: METRICSLAM_MODELS,
// else metricslam/models in the user's cache.
func CacheDir() (string, error) {
	if dir := os.Getenv(EnvDir); dir != "" {
		return dir, nil
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("no cache folder: %w; name one with %s", err, EnvDir)
	}
	return filepath.Join(dir, "metricslam", "models"), nil
}

// Cached returns the file of a model that was pulled, by its name without
// folder and extension.
func Cached(name string) (path string, ok bool) {
	if name == "" || strings.ContainsAny(name, `/\`) || strings.HasPrefix(name, ".") {
		return "", false
	}
	dir, err := CacheDir()
	if err != nil {
		return "", false
	}
	path = filepath.Join(dir, name+".onnx")
	info, err := os.Stat(path)
	return path, err == nil && info.Mode().IsRegular()
}
