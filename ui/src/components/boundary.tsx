/**
 * A page that cannot be drawn says so and leaves the frame standing; going elsewhere tries afresh.
 */
import { Component, type ReactNode } from 'react';
import { Refusal } from './answer';

interface BoundaryProps {
  /** Where we are; a new place gets a new try. */
  place: string;
  children: ReactNode;
}

interface BoundaryState {
  error: unknown;
  place: string;
}

export class Boundary extends Component<BoundaryProps, BoundaryState> {
  override state: BoundaryState = { error: null, place: this.props.place };

  static getDerivedStateFromError(error: unknown): Partial<BoundaryState> {
    return { error };
  }

  static getDerivedStateFromProps(props: BoundaryProps, state: BoundaryState): BoundaryState | null {
    return props.place === state.place ? null : { error: null, place: props.place };
  }

  override render() {
    if (this.state.error === null) return this.props.children;
    return (
      <div className="page">
        <h1>This page could not be drawn</h1>
        <Refusal error={this.state.error} retry={() => this.setState({ error: null })} />
      </div>
    );
  }
}
