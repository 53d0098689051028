import { render, screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import React from 'react';
import type { CaptureProgress, CaptureRequest, Gateway } from '../gateway';
import { lendLayout } from '../testing/jsdom';
import { CaptureNowButton } from './CaptureNowButton';

jest.setTimeout(30_000);
beforeAll(lendLayout);

/** A gateway of two processes, which gives these answers one after the other. */
function setUp(...answers: CaptureProgress[]) {
  const asked: CaptureRequest[] = [];
  const next = async () => answers.shift() as CaptureProgress;
  const gateway = {
    targets: async () => ['a', 'b'].map((instance) => ({ service: 'checkout', instance })),
    capture: (request: CaptureRequest) => (asked.push(request), next()),
    progress: next,
  } as unknown as Gateway;
  const onCaptured = jest.fn();
  render(<CaptureNowButton {...{ gateway, service: 'checkout', onCaptured }} />);
  return { asked, onCaptured, user: userEvent.setup() };
}

const of = (state: 'running' | 'stored' | 'failed', profile = 'heap', reason?: string) => ({
  instance: 'a',
  profile,
  state,
  reason,
});

test('asks nothing before it is opened and confirmed, and then shows the event', async () => {
  const { asked, onCaptured, user } = setUp(
    { event: 'e1', done: false, steps: [of('running')] },
    { event: 'e1', done: true, steps: [of('stored'), of('stored', 'cpu')] }
  );
  await user.click(screen.getByRole('button', { name: 'Capture now' }));
  const dialog = within(await screen.findByRole('dialog'));
  await user.click(await dialog.findByLabelText('CPU'));
  await user.clear(dialog.getByLabelText(/^Seconds/));
  await user.type(dialog.getByLabelText(/^Seconds/), '5');
  await user.type(dialog.getByLabelText(/^Reason/), 'INC-7');
  expect(dialog.getByText('Takes heap, cpu of a of checkout, each that takes time for 5 s.')).toBeInTheDocument();
  expect(asked).toEqual([]);
  await user.click(dialog.getByRole('button', { name: 'Capture' }));
  expect(asked).toEqual([
    { service: 'checkout', instance: 'a', profiles: ['heap', 'cpu'], seconds: 5, reason: 'INC-7' },
  ]);
  expect(await screen.findByText('a heap: running')).toBeInTheDocument();
  await screen.findByRole('button', { name: 'Capture now' });
  await waitFor(() => expect(onCaptured).toHaveBeenCalled(), { timeout: 5000 });
  expect(onCaptured.mock.calls).toEqual([['checkout', 'e1', ['heap', 'cpu']]]);
  expect(screen.queryByRole('dialog')).toBeNull();
});

test('says what failed and why, and shows what is stored when asked to', async () => {
  const { onCaptured, user } = setUp({
    event: 'e2',
    done: true,
    steps: [of('failed', 'heap', 'the process died'), of('stored', 'goroutine')],
  });
  await user.click(screen.getByRole('button', { name: 'Capture now' }));
  await user.click(await screen.findByLabelText('Goroutines'));
  await user.click(screen.getByRole('button', { name: 'Capture' }));
  expect(await screen.findByText('a heap: failed: the process died')).toBeInTheDocument();
  expect(onCaptured).not.toHaveBeenCalled();
  await user.click(screen.getByRole('button', { name: 'Show what is stored' }));
  expect(onCaptured.mock.calls).toEqual([['checkout', 'e2', ['goroutine']]]);
});

test('captures nothing where no profile is chosen', async () => {
  const { user } = setUp();
  await user.click(screen.getByRole('button', { name: 'Capture now' }));
  await user.click(await screen.findByLabelText('Heap'));
  expect(screen.getByRole('button', { name: 'Capture' })).toBeDisabled();
});
