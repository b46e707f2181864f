package gantry.traffic.lb;

import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import org.jspecify.annotations.Nullable;

/** A connection of a worker: known to it, so that time passes for it and it can be found. */
abstract class Conn extends ChannelInboundHandlerAdapter {

  final Worker worker;
  @Nullable Conn previous;
  @Nullable Conn next;
  boolean listed;

  /** When a byte last came or went, in nano time. */
  long lastActive = System.nanoTime();

  Conn(Worker worker) {
    this.worker = worker;
  }

  @Override
  public void handlerAdded(ChannelHandlerContext ctx) {
    worker.add(this);
  }

  @Override
  public void handlerRemoved(ChannelHandlerContext ctx) {
    worker.remove(this);
  }

  /** Called a few times a second. */
  abstract void tick(long now);

  /** A target left the table: what is idle or in flight to it ends. */
  void targetRemoved(TargetState target) {}

  /** A target drains, or a balancer goes: what is idle ends. */
  void targetDraining(TargetState target) {}

  /** A target turned unhealthy: what a network balancer has with it may end. */
  void targetUnhealthy(TargetState target) {}

  /** The program or the listener goes. */
  abstract void shut();
}
