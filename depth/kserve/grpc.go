package kserve

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/metricslam/metricslam/depth/network"
)

const service = "/inference.GRPCInferenceService/"

type grpcTransport struct {
	addr  Address
	token string
	conn  *grpc.ClientConn
}

func newGRPC(a Address, cfg *tls.Config, token string) (*grpcTransport, error) {
	creds := insecure.NewCredentials()
	if cfg != nil {
		creds = credentials.NewTLS(cfg)
	}
	conn, err := grpc.NewClient(a.Host, grpc.WithTransportCredentials(creds), grpc.WithConnectParams(reconnect), grpc.WithDefaultCallOptions(
		grpc.ForceCodec(bytesCodec{}), grpc.MaxCallRecvMsgSize(maxBody), grpc.MaxCallSendMsgSize(maxBody)))
	if err != nil {
		return nil, err
	}
	return &grpcTransport{addr: a, token: token, conn: conn}, nil
}

// reconnect tries a server that is away at least once a second: by default gRPC
// waits for up to two minutes, and a server that is back would not be found.
// How often requests are sent is limited by Client.
var reconnect = grpc.ConnectParams{
	Backoff:           backoff.Config{BaseDelay: 100 * time.Millisecond, Multiplier: 1.6, Jitter: .2, MaxDelay: time.Second},
	MinConnectTimeout: 5 * time.Second,
}

// bytesCodec passes messages that are encoded already: the four that are needed
// are written and read field by field, in wire.go.
type bytesCodec struct{}

func (bytesCodec) Name() string { return "proto" }

func (bytesCodec) Marshal(v any) ([]byte, error) {
	b, ok := v.(*[]byte)
	if !ok {
		return nil, fmt.Errorf("kserve: cannot send a %T", v)
	}
	return *b, nil
}

func (bytesCodec) Unmarshal(data []byte, v any) error {
	b, ok := v.(*[]byte)
	if !ok {
		return fmt.Errorf("kserve: cannot read into a %T", v)
	}
	*b = append([]byte(nil), data...)
	return nil
}

func (t *grpcTransport) call(ctx context.Context, method string, req []byte) (resp []byte, err error) {
	if t.token != "" {
		ctx = metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+t.token)
	}
	err = t.conn.Invoke(ctx, service+method, &req, &resp)
	if err == nil {
		return resp, nil
	}
	s := status.Convert(err)
	if deadline, ok := ctx.Deadline(); ok && s.Code() == codes.DeadlineExceeded && time.Until(deadline) < 100*time.Millisecond {
		// The server keeps the deadline that it was told, and can be a moment
		// ahead of this side: it is the caller's deadline, not the server's own.
		<-ctx.Done()
	}
	err = fmt.Errorf("the server answers %s: %s", s.Code(), s.Message())
	switch s.Code() {
	case codes.Unavailable, codes.ResourceExhausted, codes.Aborted, codes.DeadlineExceeded:
		return nil, temporary{err}
	case codes.Unauthenticated, codes.PermissionDenied:
		return nil, fmt.Errorf("%w; a token is given by %s", err, EnvToken)
	}
	return nil, err
}

func (t *grpcTransport) infer(ctx context.Context, inputs []network.Tensor, outputs []string) ([]network.Tensor, error) {
	resp, err := t.call(ctx, "ModelInfer", encodeInfer(t.addr, inputs, outputs))
	if err != nil {
		return nil, err
	}
	out, err := decodeInfer(resp)
	if err != nil {
		return nil, errors.Join(errors.New("answer of ModelInfer"), err)
	}
	return out, nil
}

func (t *grpcTransport) metadata(ctx context.Context) (Metadata, error) {
	resp, err := t.call(ctx, "ModelMetadata", encodeMetadataRequest(t.addr))
	if err != nil {
		return Metadata{}, err
	}
	return decodeMetadata(resp)
}

func (t *grpcTransport) close() error { return t.conn.Close() }
