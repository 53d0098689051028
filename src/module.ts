import { DataSourcePlugin } from '@grafana/data';
import { PprofDataSource } from './datasource';
import { ConfigEditor } from './editors/ConfigEditor';
import { QueryEditor } from './editors/QueryEditor';
import { QueryHelp } from './editors/QueryHelp';
import type { PprofOptions, PprofQuery, PprofSecrets } from './types';

export const plugin = new DataSourcePlugin<PprofDataSource, PprofQuery, PprofOptions, PprofSecrets>(PprofDataSource)
  .setConfigEditor(ConfigEditor)
  .setQueryEditor(QueryEditor)
  .setQueryEditorHelp(QueryHelp);
