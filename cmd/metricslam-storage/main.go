// Command metricslam-storage copies files and folders between this machine and buckets.
// The program metricslam calls it for arguments that are URLs; it is a program of its own
// because the libraries of the services are larger than all the rest.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"

	"github.com/metricslam/metricslam/storage"
)

type cli struct {
	Fetch fetchCmd `cmd:"" help:"Copy a file or folder of a bucket into DIR and print its path there."`
	Push  pushCmd  `cmd:"" help:"Copy a file or folder into a bucket."`
	Stamp stampCmd `cmd:"" help:"Print what tells whether the files of a URL have changed."`
}

type fetchCmd struct {
	URL string `arg:"" help:"s3://, gs://, azblob:// or file:// with a name."`
	Dir string `arg:"" help:"Folder to copy into; it is made."`
}

func (c fetchCmd) Run(ctx context.Context) error {
	path, err := storage.Fetch(ctx, c.URL, c.Dir)
	if err == nil {
		fmt.Println(path)
	}
	return err
}

type pushCmd struct {
	Path string `arg:"" type:"existing" help:"File or folder."`
	URL  string `arg:"" help:"s3://, gs://, azblob:// or file:// with a name."`
}

func (c pushCmd) Run(ctx context.Context) error { return storage.Push(ctx, c.Path, c.URL) }

type stampCmd struct {
	URL string `arg:"" help:"s3://, gs://, azblob:// or file:// with a name."`
}

func (c stampCmd) Run(ctx context.Context) error { return storage.Stamp(ctx, c.URL, os.Stdout) }

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	var c cli
	k := kong.Parse(&c, kong.Name("metricslam-storage"), kong.UsageOnError(), kong.BindTo(ctx, (*context.Context)(nil)),
		kong.Description("Files and folders in buckets. Credentials are found as the service's own tools find them: AWS_ACCESS_KEY_ID or ~/.aws of s3, GOOGLE_APPLICATION_CREDENTIALS of gs, AZURE_STORAGE_ACCOUNT of azblob."))
	err := k.Run()
	if ctx.Err() != nil {
		err = errors.New("stopped")
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "metricslam-storage:", strings.ReplaceAll(err.Error(), "\n", " "))
		os.Exit(1)
	}
}
