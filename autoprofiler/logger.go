package autoprofiler

import (
	"context"
	"fmt"
	"log/slog"
)

// carefulHandler survives a panic of the Logger's handler, as does what is derived from it.
type carefulHandler struct {
	handler  slog.Handler
	panicked func(error)
}

func (h carefulHandler) Enabled(ctx context.Context, level slog.Level) bool {
	defer h.recover()
	return h.handler.Enabled(ctx, level)
}

func (h carefulHandler) Handle(ctx context.Context, record slog.Record) error {
	defer h.recover()
	return h.handler.Handle(ctx, record)
}

func (h carefulHandler) WithAttrs(attrs []slog.Attr) (derived slog.Handler) {
	derived = h // without them, if that panics
	defer h.recover()
	return carefulHandler{h.handler.WithAttrs(attrs), h.panicked}
}

func (h carefulHandler) WithGroup(name string) (derived slog.Handler) {
	derived = h
	defer h.recover()
	return carefulHandler{h.handler.WithGroup(name), h.panicked}
}

func (h carefulHandler) recover() {
	if r := recover(); r != nil {
		h.panicked(fmt.Errorf("panic of the Logger: %v", r))
	}
}
