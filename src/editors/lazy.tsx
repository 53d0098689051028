import { LoadingPlaceholder } from '@grafana/ui';
import React, { lazy, Suspense, type ComponentProps, type ComponentType } from 'react';

/** A component of a file of its own: who only looks at dashboards need not load the editors. */
export function lazily<T extends ComponentType<any>>(load: () => Promise<T>): ComponentType<ComponentProps<T>> {
  const Lazy = lazy(async () => ({ default: await load() }));
  return function Loaded(props) {
    return (
      <Suspense fallback={<LoadingPlaceholder text="Loading…" />}>
        <Lazy {...props} />
      </Suspense>
    );
  };
}
