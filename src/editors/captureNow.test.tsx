import { act, render, screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import React from 'react';
import type { CaptureRequest, Gateway, GatewayEvent, GatewayTargets } from '../gateway';
import { lendLayout } from '../testing/jsdom';
import { CaptureNowButton } from './CaptureNowButton';

jest.setTimeout(30_000);
beforeAll(lendLayout);

type Files = GatewayEvent['files'];

const file = (name: string, state: Files[number]['state'], reason?: string): Files[number] => ({
  name,
  profile: name.split('.')[0],
  state,
  reason,
});
const eventOf = (state: GatewayEvent['state'], ...files: Files): GatewayEvent => ({
  id: 'e1',
  service: 'checkout',
  instance: 'a',
  folder: 'checkout/e1_a',
  state,
  files: [...files, file('meta.json', 'stored')],
});

/** A gateway of two processes; what becomes of an event is told in these answers, one after the other. */
function setUp(...answers: GatewayEvent[]) {
  return setUpWith({}, ...answers);
}

function setUpWith(more: Partial<GatewayTargets>, ...answers: GatewayEvent[]) {
  const asked: CaptureRequest[] = [];
  const next = () => answers.shift() as GatewayEvent;
  const gateway = {
    targets: async () => ({
      targets: ['a', 'b'].map((instance) => ({ service: 'checkout', instance })),
      profiles: ['heap', 'goroutine-text', 'cpu', 'a-new-one'],
      maxSeconds: 60,
      maxInstances: 2,
      ...more,
    }),
    async capture(request: CaptureRequest) {
      asked.push(request);
      return { events: [next()], refused: [] };
    },
    event: async () => next(),
  } as unknown as Gateway;
  const onCaptured = jest.fn();
  render(<CaptureNowButton {...{ gateway, service: 'checkout', onCaptured }} />);
  return { asked, onCaptured, user: userEvent.setup() };
}

test('asks nothing before it is opened and confirmed, and then shows the event', async () => {
  const { asked, onCaptured, user } = setUp(
    eventOf('capturing', file('heap.pb.gz', 'reading')),
    eventOf('stored', file('heap.pb.gz', 'stored'), file('cpu.pb.gz', 'stored'))
  );
  await user.click(screen.getByRole('button', { name: 'Capture now' }));
  const dialog = within(await screen.findByRole('dialog'));
  await user.click(await dialog.findByLabelText('CPU'));
  await user.clear(dialog.getByLabelText(/^Seconds/));
  await user.type(dialog.getByLabelText(/^Seconds/), '5');
  await user.type(dialog.getByLabelText(/^Reason/), 'INC-7');
  expect(dialog.getByText('Captures heap, cpu of a of checkout, over 5 s where that takes time.')).toBeInTheDocument();
  expect(asked).toEqual([]);
  await user.click(dialog.getByRole('button', { name: 'Capture' }));
  expect(asked).toEqual([
    { service: 'checkout', instance: 'a', profiles: ['heap', 'cpu'], seconds: 5, reason: 'INC-7' },
  ]);
  expect(await screen.findByText('a heap.pb.gz: reading')).toBeInTheDocument();
  await waitFor(() => expect(onCaptured).toHaveBeenCalled(), { timeout: 5000 });
  expect(onCaptured.mock.calls).toEqual([
    [
      {
        service: 'checkout',
        events: ['e1'],
        profiles: ['heap', 'cpu'],
        keys: ['checkout/e1_a/heap.pb.gz', 'checkout/e1_a/cpu.pb.gz'],
      },
    ],
  ]);
  expect(screen.queryByRole('dialog')).toBeNull();
});

test('says what failed and why, and shows what is stored when asked to', async () => {
  const { onCaptured, user } = setUp(
    eventOf('partial', file('heap.pb.gz', 'failed', 'the process died'), {
      ...file('goroutine.txt.gz', 'stored'),
      profile: 'goroutine-text',
    })
  );
  await user.click(screen.getByRole('button', { name: 'Capture now' }));
  await user.click(await screen.findByLabelText(/^Goroutines, each/));
  await user.click(screen.getByRole('button', { name: 'Capture' }));
  expect(await screen.findByText('a heap.pb.gz: failed: the process died')).toBeInTheDocument();
  expect(onCaptured).not.toHaveBeenCalled();
  await user.click(screen.getByRole('button', { name: 'Show what is stored' }));
  expect(onCaptured.mock.calls).toEqual([
    [{ service: 'checkout', events: ['e1'], profiles: ['goroutine'], keys: ['checkout/e1_a/goroutine.txt.gz'] }],
  ]);
});

test('captures nothing where no profile is chosen', async () => {
  const { user } = setUp();
  await user.click(screen.getByRole('button', { name: 'Capture now' }));
  await user.click(await screen.findByLabelText('Heap'));
  expect(screen.getByRole('button', { name: 'Capture' })).toBeDisabled();
});

/** Chooses an instance by keyboard: jsdom has no layout, so that the list draws none. */
async function pick(user: ReturnType<typeof userEvent.setup>, text: string) {
  await user.click(screen.getByLabelText(/^Instance/));
  await user.keyboard(text);
  await act(() => new Promise((resolve) => setTimeout(resolve, 300))); // Combobox waits for the last key typed.
  await user.keyboard('{ArrowDown}{Enter}');
}

test('offers all instances of a service up to as many as the gateway captures at once', async () => {
  const { asked, user } = setUp(eventOf('stored', file('heap.pb.gz', 'stored')));
  await user.click(screen.getByRole('button', { name: 'Capture now' }));
  await screen.findByLabelText(/^Instance/);
  await pick(user, 'All');
  expect(await screen.findByText('Captures heap of all 2 instances of checkout.')).toBeInTheDocument();
  await user.click(screen.getByRole('button', { name: 'Capture' }));
  expect(asked).toEqual([{ service: 'checkout', all: true, profiles: ['heap'], seconds: 10, reason: '' }]);
});

test('of more instances than that one is chosen, and one that is being captured says so', async () => {
  const targets = ['a', 'b', 'c'].map((instance) => ({ service: 'checkout', instance, busy: instance === 'b' }));
  const { user } = setUpWith({ targets });
  await user.click(screen.getByRole('button', { name: 'Capture now' }));
  expect(await screen.findByText('One of 3: the gateway captures at most 2 at once.')).toBeInTheDocument();
  await pick(user, 'All');
  expect(screen.getByText('Captures heap of a of checkout.')).toBeInTheDocument();
  await pick(user, 'b');
  expect(await screen.findByText('Captures heap of b of checkout.')).toBeInTheDocument();
  expect(screen.getByText(/^It was being captured when this opened/)).toBeInTheDocument();
});
