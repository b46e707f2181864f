package gantry.wire;

import gantry.wire.schema.Shape;

/**
 * How one operation stands on the wire: all that a codec needs, and nothing of how it is invoked.
 *
 * @param status of a success, unless a member of the output says it
 * @param resultWrapper the Query protocol's element around the result, empty for {@code NameResult}
 * @param xmlRoot the root element of a REST-XML answer, empty if the answer has no body of its own
 * @param streamsIn the request's body is handed on unread
 * @param streamsOut the answer's body is written by the handler
 */
public record Binding(
    ServiceInfo service,
    String operation,
    UriTemplate uri,
    int status,
    String resultWrapper,
    String xmlRoot,
    Shape input,
    Shape output,
    boolean streamsIn,
    boolean streamsOut) {}
