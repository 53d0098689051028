import { Alert, Button } from '@grafana/ui';
import React, { useEffect, useRef, useState } from 'react';
import type { Download } from '../worker/download';

interface Props {
  /** Makes the file; given up when the button goes away. */
  download: (signal: AbortSignal) => Promise<Download>;
}

/** What the query shows, as a file that go tool pprof opens. */
export function DownloadButton({ download }: Props) {
  const [isBusy, setIsBusy] = useState(false);
  const [problems, setProblems] = useState<readonly string[]>([]);
  const abort = useRef<AbortController | undefined>(undefined);
  useEffect(() => () => abort.current?.abort(), []);

  const start = async () => {
    const controller = (abort.current = new AbortController());
    setIsBusy(true);
    setProblems([]);
    try {
      const { name, bytes, warnings } = await download(controller.signal);
      save(name, bytes);
      setProblems(warnings);
    } catch (error) {
      if (!controller.signal.aborted) {
        setProblems([error instanceof Error ? error.message : String(error)]);
      }
    } finally {
      setIsBusy(false);
    }
  };
  return (
    <>
      <Button
        variant="secondary"
        fill="text"
        icon={isBusy ? 'spinner' : 'download-alt'}
        disabled={isBusy}
        tooltip="What this query shows as a file for go tool pprof: merged, filtered, less its base."
        onClick={() => void start()}
      >
        Download .pb.gz
      </Button>
      {problems.map((problem) => (
        <Alert key={problem} severity="warning" title={problem} />
      ))}
    </>
  );
}

function save(name: string, bytes: ArrayBuffer): void {
  const url = URL.createObjectURL(new Blob([bytes], { type: 'application/gzip' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  // Not at once: the browser reads it after this returns.
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
