import { Button } from '@grafana/ui';
import React, { useState } from 'react';
import type { Gateway } from '../gateway';
import type { Captured } from './captureShown';
import { lazily } from './lazy';

/** Few queries capture, and the form is as large as all other fields of the editor. */
const CaptureDialog = lazily(
  async () => (await import(/* webpackChunkName: "captureNow" */ './CaptureDialog')).CaptureDialog
);

interface Props {
  gateway: Gateway;
  /** Of the query. */
  service: string;
  onCaptured: (captured: Captured) => void;
}

/** Asks the gateway for captures of processes as they are now. Editors alone are shown it. */
export function CaptureNowButton(props: Props) {
  const [isOpen, setIsOpen] = useState(false);
  return (
    <>
      <Button
        variant="secondary"
        fill="text"
        icon="camera"
        tooltip="Profiles of a running process, now: the gateway takes them and puts them into the bucket."
        onClick={() => setIsOpen(true)}
      >
        Capture now
      </Button>
      {isOpen && <CaptureDialog {...props} onDismiss={() => setIsOpen(false)} />}
    </>
  );
}
