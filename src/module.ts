import { DataSourcePlugin } from '@grafana/data';
import { PprofDataSource } from './datasource';
import { lazily } from './editors/lazy';
import type { PprofOptions, PprofQuery, PprofSecrets } from './types';

export const plugin = new DataSourcePlugin<PprofDataSource, PprofQuery, PprofOptions, PprofSecrets>(PprofDataSource)
  .setConfigEditor(
    lazily(async () => (await import(/* webpackChunkName: "ConfigEditor" */ './editors/ConfigEditor')).ConfigEditor)
  )
  .setQueryEditor(
    lazily(async () => (await import(/* webpackChunkName: "QueryEditor" */ './editors/QueryEditor')).QueryEditor)
  )
  .setQueryEditorHelp(
    lazily(async () => (await import(/* webpackChunkName: "QueryHelp" */ './editors/QueryHelp')).QueryHelp)
  );
