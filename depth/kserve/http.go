package kserve

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/metricslam/metricslam/depth/contract"
	"github.com/metricslam/metricslam/depth/network"
)

// headerLength is the header of the binary tensor extension: the length of the
// JSON part, behind which the bytes of the tensors follow.
const headerLength = "Inference-Header-Content-Length"

// maxBody bounds an answer.
const maxBody = 1 << 30

type httpTransport struct {
	base   string // of the model
	token  string
	client *http.Client
	binary atomic.Bool // false once the server has refused bytes
}

func newHTTP(a Address, cfg *tls.Config, token string, binary bool) *httpTransport {
	scheme := "http://"
	if a.TLS {
		scheme = "https://"
	}
	base := scheme + a.Host + "/"
	if a.Prefix != "" {
		base += a.Prefix + "/"
	}
	base += "v2/models/" + url.PathEscape(a.Model)
	if a.Version != "" {
		base += "/versions/" + url.PathEscape(a.Version)
	}
	t := &httpTransport{base: base, token: token, client: &http.Client{
		Transport: &http.Transport{TLSClientConfig: cfg, MaxIdleConnsPerHost: 2, Proxy: http.ProxyFromEnvironment},
	}}
	t.binary.Store(binary)
	return t
}

// The JSON of the protocol.
type (
	inferRequest struct {
		Inputs  []jsonTensor    `json:"inputs"`
		Outputs []requestedJSON `json:"outputs"`
	}
	requestedJSON struct {
		Name       string         `json:"name"`
		Parameters map[string]any `json:"parameters,omitempty"`
	}
	jsonTensor struct {
		Name       string          `json:"name"`
		Shape      []int64         `json:"shape"`
		Datatype   string          `json:"datatype"`
		Parameters *tensorParams   `json:"parameters,omitempty"`
		Data       json.RawMessage `json:"data,omitempty"`
	}
	tensorParams struct {
		BinaryDataSize int `json:"binary_data_size,omitempty"`
	}
	inferResponse struct {
		Outputs []jsonTensor `json:"outputs"`
	}
)

func (t *httpTransport) infer(ctx context.Context, inputs []network.Tensor, outputs []string) ([]network.Tensor, error) {
	binary := t.binary.Load()
	out, err := t.inferAs(ctx, inputs, outputs, binary)
	var refused refusedError
	if binary && !isTemporary(err) && errors.As(err, &refused) && refused.status != http.StatusUnauthorized && refused.status != http.StatusForbidden && refused.status != http.StatusNotFound {
		// It may not know the binary extension; numbers all servers know. A
		// server that stumbled over the bytes may also have left the connection.
		t.client.CloseIdleConnections()
		out, jsonErr := t.inferAs(ctx, inputs, outputs, false)
		if jsonErr == nil {
			t.binary.Store(false)
			return out, nil
		}
		err = errors.Join(err, jsonErr)
	}
	return out, err
}

func (t *httpTransport) inferAs(ctx context.Context, inputs []network.Tensor, outputs []string, binary bool) ([]network.Tensor, error) {
	head, raw, err := encodeRequest(inputs, outputs, binary)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, t.base+"/infer", bytes.NewReader(append(head, raw...)))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	if binary {
		req.Header.Set("Content-Type", "application/octet-stream")
		req.Header.Set(headerLength, strconv.Itoa(len(head)))
	}
	body, header, err := t.do(req)
	if err != nil {
		return nil, err
	}
	return decodeResponse(body, header.Get(headerLength))
}

// encodeRequest returns the JSON of a request and the bytes that follow it.
func encodeRequest(inputs []network.Tensor, outputs []string, binary bool) (head, raw []byte, err error) {
	var r inferRequest
	for _, t := range inputs {
		j := jsonTensor{Name: t.Name, Shape: t.Shape, Datatype: datatypes[t.Type]}
		if j.Shape == nil {
			j.Shape = []int64{}
		}
		if binary {
			before := len(raw)
			raw = appendRaw(raw, t)
			j.Parameters = &tensorParams{BinaryDataSize: len(raw) - before}
		} else if j.Data, err = numbers(t); err != nil {
			return nil, nil, err
		}
		r.Inputs = append(r.Inputs, j)
	}
	for _, name := range outputs {
		r.Outputs = append(r.Outputs, requestedJSON{Name: name, Parameters: map[string]any{"binary_data": binary}})
	}
	head, err = json.Marshal(r)
	return head, raw, err
}

// numbers writes a tensor as a flat JSON list.
func numbers(t network.Tensor) (json.RawMessage, error) {
	b := []byte{'['}
	n := t.Len()
	for i := range n {
		if i > 0 {
			b = append(b, ',')
		}
		switch t.Type {
		case contract.Float32:
			b = strconv.AppendFloat(b, float64(t.F32[i]), 'g', -1, 32)
		case contract.Uint8:
			b = strconv.AppendUint(b, uint64(t.Raw[i]), 10)
		case contract.Int64:
			var v uint64
			for k := range 8 {
				v |= uint64(t.Raw[8*i+k]) << (8 * k)
			}
			b = strconv.AppendInt(b, int64(v), 10)
		default:
			return nil, fmt.Errorf("input %q: %s cannot be sent as JSON; use a server with the binary tensor extension", t.Name, t.Type)
		}
	}
	return append(b, ']'), nil
}

// decodeResponse reads an answer whose tensors are numbers, or bytes behind the
// JSON of the given length.
func decodeResponse(body []byte, length string) ([]network.Tensor, error) {
	head, raw := body, []byte(nil)
	if length != "" {
		n, err := strconv.Atoi(length)
		if err != nil || n < 0 || n > len(body) {
			return nil, fmt.Errorf("answer of %d bytes with a header of %q", len(body), length)
		}
		head, raw = body[:n], body[n:]
	}
	var r inferResponse
	if err := json.Unmarshal(head, &r); err != nil {
		return nil, fmt.Errorf("answer: %w", err)
	}
	out := make([]network.Tensor, len(r.Outputs))
	for i, j := range r.Outputs {
		var err error
		if j.Parameters != nil && j.Parameters.BinaryDataSize > 0 {
			size := j.Parameters.BinaryDataSize
			if size > len(raw) {
				return nil, fmt.Errorf("output %q: %d bytes announced, %d left", j.Name, size, len(raw))
			}
			out[i], err = fromRaw(j.Name, j.Datatype, j.Shape, raw[:size:size])
			raw = raw[size:]
		} else {
			var v []float32
			if v, err = flatten(j.Data); err == nil {
				out[i], err = fromNumbers(j.Name, j.Shape, v)
			}
		}
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

// flatten reads the numbers of a list, nested or not.
func flatten(data json.RawMessage) ([]float32, error) {
	var v []float32
	dec := json.NewDecoder(bytes.NewReader(data))
	for {
		tok, err := dec.Token()
		if errors.Is(err, io.EOF) {
			return v, nil
		}
		if err != nil {
			return nil, fmt.Errorf("answer: %w", err)
		}
		switch x := tok.(type) {
		case float64:
			v = append(v, float32(x))
		case json.Delim:
			if x != '[' && x != ']' {
				return nil, errors.New("answer: tensor data is no list of numbers")
			}
		default:
			return nil, fmt.Errorf("answer: tensor data holds %v, no number", x)
		}
	}
}

func (t *httpTransport) metadata(ctx context.Context) (Metadata, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, t.base, nil)
	if err != nil {
		return Metadata{}, err
	}
	body, _, err := t.do(req)
	if err != nil {
		return Metadata{}, err
	}
	var m Metadata
	if err := json.Unmarshal(body, &m); err != nil {
		return Metadata{}, fmt.Errorf("metadata: %w", err)
	}
	return m, nil
}

// refusedError is an answer that is not 200.
type refusedError struct {
	status int
	text   string
}

func (e refusedError) Error() string {
	s := fmt.Sprintf("the server answers %d %s", e.status, http.StatusText(e.status))
	if e.text != "" {
		s += ": " + e.text
	}
	if e.status == http.StatusUnauthorized || e.status == http.StatusForbidden {
		s += "; a token is given by " + EnvToken
	}
	return s
}

// do sends a request and returns the body of an answer of 200.
func (t *httpTransport) do(req *http.Request) ([]byte, http.Header, error) {
	if t.token != "" {
		req.Header.Set("Authorization", "Bearer "+t.token)
	}
	resp, err := t.client.Do(req)
	if err != nil {
		var cert *tls.CertificateVerificationError
		if errors.As(err, &cert) {
			return nil, nil, err // trying again does not make it trusted
		}
		return nil, nil, temporary{err}
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxBody))
	if err != nil {
		return nil, nil, temporary{err}
	}
	if resp.StatusCode == http.StatusOK {
		return body, resp.Header, nil
	}
	err = refusedError{resp.StatusCode, firstLine(body)}
	switch resp.StatusCode {
	case http.StatusTooManyRequests, http.StatusRequestTimeout, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		err = temporary{err}
	}
	return nil, nil, err
}

// firstLine returns the message of an error body, shortened.
func firstLine(body []byte) string {
	var e struct {
		Error string `json:"error"`
	}
	s := string(body)
	if json.Unmarshal(body, &e) == nil && e.Error != "" {
		s = e.Error
	}
	s = strings.Join(strings.Fields(s), " ")
	if len(s) > 200 {
		s = s[:200] + "..."
	}
	return s
}

func (t *httpTransport) close() error {
	t.client.CloseIdleConnections()
	return nil
}
