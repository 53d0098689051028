import { Combobox, type ComboboxOption } from '@grafana/ui';
import React, { useCallback, useEffect, useRef } from 'react';

type LateComboboxProps<T extends string | number> = Parameters<typeof Combobox<T>>[0];

/**
 * Grafana's Combobox, which tells what was chosen a task later. It is the only one that the editors use.
 *
 * Combobox tells its change while React commits the one that closes its list. Where the change adds or removes fields, the
 * tooltips of Grafana's page take and lose their elements within that commit, each of which renders them again, until React
 * gives up with error 185 and Grafana with the page (Grafana 12.2 and 12.3; grafana/grafana#130469). A task later the commit
 * is done. What is told goes to the latest `onChange`, so that a change made meanwhile is not undone.
 */
export function LateCombobox<T extends string | number>(props: LateComboboxProps<T>) {
  // Nothing is chosen, null, only where the Combobox is clearable.
  const onChange = props.onChange as (option: ComboboxOption<T> | null) => void;
  const latest = useRef(onChange);
  useEffect(() => {
    latest.current = onChange;
  });
  const tellLater = useCallback((option: ComboboxOption<T> | null) => {
    setTimeout(() => latest.current(option));
  }, []);
  return <Combobox<T> {...({ ...props, onChange: tellLater } as LateComboboxProps<T>)} />;
}
