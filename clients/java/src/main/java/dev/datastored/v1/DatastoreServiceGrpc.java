package dev.datastored.v1;

import static io.grpc.MethodDescriptor.generateFullMethodName;

/**
 * <pre>
 * Registers S3 datastores and proves, permission by permission, that their credentials work.
 * Every error carries a google.rpc.ErrorInfo whose reason is a value of ErrorReason without its prefix. Every RPC can
 * answer INVALID_ARGUMENT with a google.rpc.BadRequest that lists all bad fields at once (INVALID_FIELDS), INVALID_ARGUMENT for bytes
 * that are no such message (MALFORMED_MESSAGE) or are too many (MESSAGE_TOO_LARGE), UNAVAILABLE when the store cannot be read or written
 * (STORE_UNAVAILABLE) and INTERNAL (INTERNAL). Every RPC can be refused at once with RESOURCE_EXHAUSTED when there are too many calls, and
 * google.rpc.RetryInfo (TOO_MANY_REQUESTS), and ends with DEADLINE_EXCEEDED when its time is up (DEADLINE_PASSED).
 * A call of a page in a browser that may not is refused with PERMISSION_DENIED (ORIGIN_NOT_ALLOWED).
 * Where callers must say who they are, with the metadata `authorization: Bearer TOKEN` or a client certificate, every RPC can also answer
 * UNAUTHENTICATED (CREDENTIAL_MISSING, CREDENTIAL_REFUSED, CREDENTIAL_EXPIRED), PERMISSION_DENIED when the caller may not do so much
 * (ACCESS_TOO_LOW) or nothing at all (NO_ACCESS), and UNAVAILABLE when a JWT cannot be checked yet (ISSUER_KEYS_UNAVAILABLE). Reading needs the
 * access `viewer`, TestConnection `operator`, and changing anything `editor`; each may do what the one before may.
 * </pre>
 */
@io.grpc.stub.annotations.GrpcGenerated
public final class DatastoreServiceGrpc {

  private DatastoreServiceGrpc() {}

  public static final java.lang.String SERVICE_NAME = "datastore.v1.DatastoreService";

  // Static method descriptors that strictly reflect the proto.
  private static volatile io.grpc.MethodDescriptor<dev.datastored.v1.CreateDatastoreRequest,
      dev.datastored.v1.Datastore> getCreateDatastoreMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "CreateDatastore",
      requestType = dev.datastored.v1.CreateDatastoreRequest.class,
      responseType = dev.datastored.v1.Datastore.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<dev.datastored.v1.CreateDatastoreRequest,
      dev.datastored.v1.Datastore> getCreateDatastoreMethod() {
    io.grpc.MethodDescriptor<dev.datastored.v1.CreateDatastoreRequest, dev.datastored.v1.Datastore> getCreateDatastoreMethod;
    if ((getCreateDatastoreMethod = DatastoreServiceGrpc.getCreateDatastoreMethod) == null) {
      synchronized (DatastoreServiceGrpc.class) {
        if ((getCreateDatastoreMethod = DatastoreServiceGrpc.getCreateDatastoreMethod) == null) {
          DatastoreServiceGrpc.getCreateDatastoreMethod = getCreateDatastoreMethod =
              io.grpc.MethodDescriptor.<dev.datastored.v1.CreateDatastoreRequest, dev.datastored.v1.Datastore>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "CreateDatastore"))
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.datastored.v1.CreateDatastoreRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.datastored.v1.Datastore.getDefaultInstance()))
              .setSchemaDescriptor(new DatastoreServiceMethodDescriptorSupplier("CreateDatastore"))
              .build();
        }
      }
    }
    return getCreateDatastoreMethod;
  }

  private static volatile io.grpc.MethodDescriptor<dev.datastored.v1.GetDatastoreRequest,
      dev.datastored.v1.Datastore> getGetDatastoreMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "GetDatastore",
      requestType = dev.datastored.v1.GetDatastoreRequest.class,
      responseType = dev.datastored.v1.Datastore.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<dev.datastored.v1.GetDatastoreRequest,
      dev.datastored.v1.Datastore> getGetDatastoreMethod() {
    io.grpc.MethodDescriptor<dev.datastored.v1.GetDatastoreRequest, dev.datastored.v1.Datastore> getGetDatastoreMethod;
    if ((getGetDatastoreMethod = DatastoreServiceGrpc.getGetDatastoreMethod) == null) {
      synchronized (DatastoreServiceGrpc.class) {
        if ((getGetDatastoreMethod = DatastoreServiceGrpc.getGetDatastoreMethod) == null) {
          DatastoreServiceGrpc.getGetDatastoreMethod = getGetDatastoreMethod =
              io.grpc.MethodDescriptor.<dev.datastored.v1.GetDatastoreRequest, dev.datastored.v1.Datastore>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "GetDatastore"))
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.datastored.v1.GetDatastoreRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.datastored.v1.Datastore.getDefaultInstance()))
              .setSchemaDescriptor(new DatastoreServiceMethodDescriptorSupplier("GetDatastore"))
              .build();
        }
      }
    }
    return getGetDatastoreMethod;
  }

  private static volatile io.grpc.MethodDescriptor<dev.datastored.v1.ListDatastoresRequest,
      dev.datastored.v1.ListDatastoresResponse> getListDatastoresMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "ListDatastores",
      requestType = dev.datastored.v1.ListDatastoresRequest.class,
      responseType = dev.datastored.v1.ListDatastoresResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<dev.datastored.v1.ListDatastoresRequest,
      dev.datastored.v1.ListDatastoresResponse> getListDatastoresMethod() {
    io.grpc.MethodDescriptor<dev.datastored.v1.ListDatastoresRequest, dev.datastored.v1.ListDatastoresResponse> getListDatastoresMethod;
    if ((getListDatastoresMethod = DatastoreServiceGrpc.getListDatastoresMethod) == null) {
      synchronized (DatastoreServiceGrpc.class) {
        if ((getListDatastoresMethod = DatastoreServiceGrpc.getListDatastoresMethod) == null) {
          DatastoreServiceGrpc.getListDatastoresMethod = getListDatastoresMethod =
              io.grpc.MethodDescriptor.<dev.datastored.v1.ListDatastoresRequest, dev.datastored.v1.ListDatastoresResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "ListDatastores"))
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.datastored.v1.ListDatastoresRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.datastored.v1.ListDatastoresResponse.getDefaultInstance()))
              .setSchemaDescriptor(new DatastoreServiceMethodDescriptorSupplier("ListDatastores"))
              .build();
        }
      }
    }
    return getListDatastoresMethod;
  }

  private static volatile io.grpc.MethodDescriptor<dev.datastored.v1.UpdateDatastoreRequest,
      dev.datastored.v1.Datastore> getUpdateDatastoreMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "UpdateDatastore",
      requestType = dev.datastored.v1.UpdateDatastoreRequest.class,
      responseType = dev.datastored.v1.Datastore.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<dev.datastored.v1.UpdateDatastoreRequest,
      dev.datastored.v1.Datastore> getUpdateDatastoreMethod() {
    io.grpc.MethodDescriptor<dev.datastored.v1.UpdateDatastoreRequest, dev.datastored.v1.Datastore> getUpdateDatastoreMethod;
    if ((getUpdateDatastoreMethod = DatastoreServiceGrpc.getUpdateDatastoreMethod) == null) {
      synchronized (DatastoreServiceGrpc.class) {
        if ((getUpdateDatastoreMethod = DatastoreServiceGrpc.getUpdateDatastoreMethod) == null) {
          DatastoreServiceGrpc.getUpdateDatastoreMethod = getUpdateDatastoreMethod =
              io.grpc.MethodDescriptor.<dev.datastored.v1.UpdateDatastoreRequest, dev.datastored.v1.Datastore>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "UpdateDatastore"))
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.datastored.v1.UpdateDatastoreRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.datastored.v1.Datastore.getDefaultInstance()))
              .setSchemaDescriptor(new DatastoreServiceMethodDescriptorSupplier("UpdateDatastore"))
              .build();
        }
      }
    }
    return getUpdateDatastoreMethod;
  }

  private static volatile io.grpc.MethodDescriptor<dev.datastored.v1.DeleteDatastoreRequest,
      com.google.protobuf.Empty> getDeleteDatastoreMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "DeleteDatastore",
      requestType = dev.datastored.v1.DeleteDatastoreRequest.class,
      responseType = com.google.protobuf.Empty.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<dev.datastored.v1.DeleteDatastoreRequest,
      com.google.protobuf.Empty> getDeleteDatastoreMethod() {
    io.grpc.MethodDescriptor<dev.datastored.v1.DeleteDatastoreRequest, com.google.protobuf.Empty> getDeleteDatastoreMethod;
    if ((getDeleteDatastoreMethod = DatastoreServiceGrpc.getDeleteDatastoreMethod) == null) {
      synchronized (DatastoreServiceGrpc.class) {
        if ((getDeleteDatastoreMethod = DatastoreServiceGrpc.getDeleteDatastoreMethod) == null) {
          DatastoreServiceGrpc.getDeleteDatastoreMethod = getDeleteDatastoreMethod =
              io.grpc.MethodDescriptor.<dev.datastored.v1.DeleteDatastoreRequest, com.google.protobuf.Empty>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "DeleteDatastore"))
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.datastored.v1.DeleteDatastoreRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.google.protobuf.Empty.getDefaultInstance()))
              .setSchemaDescriptor(new DatastoreServiceMethodDescriptorSupplier("DeleteDatastore"))
              .build();
        }
      }
    }
    return getDeleteDatastoreMethod;
  }

  private static volatile io.grpc.MethodDescriptor<dev.datastored.v1.TestConnectionRequest,
      dev.datastored.v1.TestConnectionResponse> getTestConnectionMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "TestConnection",
      requestType = dev.datastored.v1.TestConnectionRequest.class,
      responseType = dev.datastored.v1.TestConnectionResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.SERVER_STREAMING)
  public static io.grpc.MethodDescriptor<dev.datastored.v1.TestConnectionRequest,
      dev.datastored.v1.TestConnectionResponse> getTestConnectionMethod() {
    io.grpc.MethodDescriptor<dev.datastored.v1.TestConnectionRequest, dev.datastored.v1.TestConnectionResponse> getTestConnectionMethod;
    if ((getTestConnectionMethod = DatastoreServiceGrpc.getTestConnectionMethod) == null) {
      synchronized (DatastoreServiceGrpc.class) {
        if ((getTestConnectionMethod = DatastoreServiceGrpc.getTestConnectionMethod) == null) {
          DatastoreServiceGrpc.getTestConnectionMethod = getTestConnectionMethod =
              io.grpc.MethodDescriptor.<dev.datastored.v1.TestConnectionRequest, dev.datastored.v1.TestConnectionResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.SERVER_STREAMING)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "TestConnection"))
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.datastored.v1.TestConnectionRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.datastored.v1.TestConnectionResponse.getDefaultInstance()))
              .setSchemaDescriptor(new DatastoreServiceMethodDescriptorSupplier("TestConnection"))
              .build();
        }
      }
    }
    return getTestConnectionMethod;
  }

  private static volatile io.grpc.MethodDescriptor<dev.datastored.v1.GetConnectionTestRequest,
      dev.datastored.v1.ConnectionTest> getGetConnectionTestMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "GetConnectionTest",
      requestType = dev.datastored.v1.GetConnectionTestRequest.class,
      responseType = dev.datastored.v1.ConnectionTest.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<dev.datastored.v1.GetConnectionTestRequest,
      dev.datastored.v1.ConnectionTest> getGetConnectionTestMethod() {
    io.grpc.MethodDescriptor<dev.datastored.v1.GetConnectionTestRequest, dev.datastored.v1.ConnectionTest> getGetConnectionTestMethod;
    if ((getGetConnectionTestMethod = DatastoreServiceGrpc.getGetConnectionTestMethod) == null) {
      synchronized (DatastoreServiceGrpc.class) {
        if ((getGetConnectionTestMethod = DatastoreServiceGrpc.getGetConnectionTestMethod) == null) {
          DatastoreServiceGrpc.getGetConnectionTestMethod = getGetConnectionTestMethod =
              io.grpc.MethodDescriptor.<dev.datastored.v1.GetConnectionTestRequest, dev.datastored.v1.ConnectionTest>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "GetConnectionTest"))
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.datastored.v1.GetConnectionTestRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.datastored.v1.ConnectionTest.getDefaultInstance()))
              .setSchemaDescriptor(new DatastoreServiceMethodDescriptorSupplier("GetConnectionTest"))
              .build();
        }
      }
    }
    return getGetConnectionTestMethod;
  }

  private static volatile io.grpc.MethodDescriptor<dev.datastored.v1.ListConnectionTestsRequest,
      dev.datastored.v1.ListConnectionTestsResponse> getListConnectionTestsMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "ListConnectionTests",
      requestType = dev.datastored.v1.ListConnectionTestsRequest.class,
      responseType = dev.datastored.v1.ListConnectionTestsResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<dev.datastored.v1.ListConnectionTestsRequest,
      dev.datastored.v1.ListConnectionTestsResponse> getListConnectionTestsMethod() {
    io.grpc.MethodDescriptor<dev.datastored.v1.ListConnectionTestsRequest, dev.datastored.v1.ListConnectionTestsResponse> getListConnectionTestsMethod;
    if ((getListConnectionTestsMethod = DatastoreServiceGrpc.getListConnectionTestsMethod) == null) {
      synchronized (DatastoreServiceGrpc.class) {
        if ((getListConnectionTestsMethod = DatastoreServiceGrpc.getListConnectionTestsMethod) == null) {
          DatastoreServiceGrpc.getListConnectionTestsMethod = getListConnectionTestsMethod =
              io.grpc.MethodDescriptor.<dev.datastored.v1.ListConnectionTestsRequest, dev.datastored.v1.ListConnectionTestsResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "ListConnectionTests"))
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.datastored.v1.ListConnectionTestsRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.datastored.v1.ListConnectionTestsResponse.getDefaultInstance()))
              .setSchemaDescriptor(new DatastoreServiceMethodDescriptorSupplier("ListConnectionTests"))
              .build();
        }
      }
    }
    return getListConnectionTestsMethod;
  }

  private static volatile io.grpc.MethodDescriptor<dev.datastored.v1.LinkEnrichmentRequest,
      dev.datastored.v1.Datastore> getLinkEnrichmentMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "LinkEnrichment",
      requestType = dev.datastored.v1.LinkEnrichmentRequest.class,
      responseType = dev.datastored.v1.Datastore.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<dev.datastored.v1.LinkEnrichmentRequest,
      dev.datastored.v1.Datastore> getLinkEnrichmentMethod() {
    io.grpc.MethodDescriptor<dev.datastored.v1.LinkEnrichmentRequest, dev.datastored.v1.Datastore> getLinkEnrichmentMethod;
    if ((getLinkEnrichmentMethod = DatastoreServiceGrpc.getLinkEnrichmentMethod) == null) {
      synchronized (DatastoreServiceGrpc.class) {
        if ((getLinkEnrichmentMethod = DatastoreServiceGrpc.getLinkEnrichmentMethod) == null) {
          DatastoreServiceGrpc.getLinkEnrichmentMethod = getLinkEnrichmentMethod =
              io.grpc.MethodDescriptor.<dev.datastored.v1.LinkEnrichmentRequest, dev.datastored.v1.Datastore>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "LinkEnrichment"))
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.datastored.v1.LinkEnrichmentRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.datastored.v1.Datastore.getDefaultInstance()))
              .setSchemaDescriptor(new DatastoreServiceMethodDescriptorSupplier("LinkEnrichment"))
              .build();
        }
      }
    }
    return getLinkEnrichmentMethod;
  }

  private static volatile io.grpc.MethodDescriptor<dev.datastored.v1.UnlinkEnrichmentRequest,
      dev.datastored.v1.Datastore> getUnlinkEnrichmentMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "UnlinkEnrichment",
      requestType = dev.datastored.v1.UnlinkEnrichmentRequest.class,
      responseType = dev.datastored.v1.Datastore.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<dev.datastored.v1.UnlinkEnrichmentRequest,
      dev.datastored.v1.Datastore> getUnlinkEnrichmentMethod() {
    io.grpc.MethodDescriptor<dev.datastored.v1.UnlinkEnrichmentRequest, dev.datastored.v1.Datastore> getUnlinkEnrichmentMethod;
    if ((getUnlinkEnrichmentMethod = DatastoreServiceGrpc.getUnlinkEnrichmentMethod) == null) {
      synchronized (DatastoreServiceGrpc.class) {
        if ((getUnlinkEnrichmentMethod = DatastoreServiceGrpc.getUnlinkEnrichmentMethod) == null) {
          DatastoreServiceGrpc.getUnlinkEnrichmentMethod = getUnlinkEnrichmentMethod =
              io.grpc.MethodDescriptor.<dev.datastored.v1.UnlinkEnrichmentRequest, dev.datastored.v1.Datastore>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "UnlinkEnrichment"))
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.datastored.v1.UnlinkEnrichmentRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.datastored.v1.Datastore.getDefaultInstance()))
              .setSchemaDescriptor(new DatastoreServiceMethodDescriptorSupplier("UnlinkEnrichment"))
              .build();
        }
      }
    }
    return getUnlinkEnrichmentMethod;
  }

  private static volatile io.grpc.MethodDescriptor<dev.datastored.v1.ResolveEnrichmentRequest,
      dev.datastored.v1.ResolveEnrichmentResponse> getResolveEnrichmentMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "ResolveEnrichment",
      requestType = dev.datastored.v1.ResolveEnrichmentRequest.class,
      responseType = dev.datastored.v1.ResolveEnrichmentResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<dev.datastored.v1.ResolveEnrichmentRequest,
      dev.datastored.v1.ResolveEnrichmentResponse> getResolveEnrichmentMethod() {
    io.grpc.MethodDescriptor<dev.datastored.v1.ResolveEnrichmentRequest, dev.datastored.v1.ResolveEnrichmentResponse> getResolveEnrichmentMethod;
    if ((getResolveEnrichmentMethod = DatastoreServiceGrpc.getResolveEnrichmentMethod) == null) {
      synchronized (DatastoreServiceGrpc.class) {
        if ((getResolveEnrichmentMethod = DatastoreServiceGrpc.getResolveEnrichmentMethod) == null) {
          DatastoreServiceGrpc.getResolveEnrichmentMethod = getResolveEnrichmentMethod =
              io.grpc.MethodDescriptor.<dev.datastored.v1.ResolveEnrichmentRequest, dev.datastored.v1.ResolveEnrichmentResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "ResolveEnrichment"))
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.datastored.v1.ResolveEnrichmentRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.datastored.v1.ResolveEnrichmentResponse.getDefaultInstance()))
              .setSchemaDescriptor(new DatastoreServiceMethodDescriptorSupplier("ResolveEnrichment"))
              .build();
        }
      }
    }
    return getResolveEnrichmentMethod;
  }

  private static volatile io.grpc.MethodDescriptor<dev.datastored.v1.ClaimPrefixRequest,
      dev.datastored.v1.Datastore> getClaimPrefixMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "ClaimPrefix",
      requestType = dev.datastored.v1.ClaimPrefixRequest.class,
      responseType = dev.datastored.v1.Datastore.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<dev.datastored.v1.ClaimPrefixRequest,
      dev.datastored.v1.Datastore> getClaimPrefixMethod() {
    io.grpc.MethodDescriptor<dev.datastored.v1.ClaimPrefixRequest, dev.datastored.v1.Datastore> getClaimPrefixMethod;
    if ((getClaimPrefixMethod = DatastoreServiceGrpc.getClaimPrefixMethod) == null) {
      synchronized (DatastoreServiceGrpc.class) {
        if ((getClaimPrefixMethod = DatastoreServiceGrpc.getClaimPrefixMethod) == null) {
          DatastoreServiceGrpc.getClaimPrefixMethod = getClaimPrefixMethod =
              io.grpc.MethodDescriptor.<dev.datastored.v1.ClaimPrefixRequest, dev.datastored.v1.Datastore>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "ClaimPrefix"))
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.datastored.v1.ClaimPrefixRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.datastored.v1.Datastore.getDefaultInstance()))
              .setSchemaDescriptor(new DatastoreServiceMethodDescriptorSupplier("ClaimPrefix"))
              .build();
        }
      }
    }
    return getClaimPrefixMethod;
  }

  private static volatile io.grpc.MethodDescriptor<dev.datastored.v1.ReleasePrefixRequest,
      dev.datastored.v1.Datastore> getReleasePrefixMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "ReleasePrefix",
      requestType = dev.datastored.v1.ReleasePrefixRequest.class,
      responseType = dev.datastored.v1.Datastore.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<dev.datastored.v1.ReleasePrefixRequest,
      dev.datastored.v1.Datastore> getReleasePrefixMethod() {
    io.grpc.MethodDescriptor<dev.datastored.v1.ReleasePrefixRequest, dev.datastored.v1.Datastore> getReleasePrefixMethod;
    if ((getReleasePrefixMethod = DatastoreServiceGrpc.getReleasePrefixMethod) == null) {
      synchronized (DatastoreServiceGrpc.class) {
        if ((getReleasePrefixMethod = DatastoreServiceGrpc.getReleasePrefixMethod) == null) {
          DatastoreServiceGrpc.getReleasePrefixMethod = getReleasePrefixMethod =
              io.grpc.MethodDescriptor.<dev.datastored.v1.ReleasePrefixRequest, dev.datastored.v1.Datastore>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "ReleasePrefix"))
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.datastored.v1.ReleasePrefixRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.datastored.v1.Datastore.getDefaultInstance()))
              .setSchemaDescriptor(new DatastoreServiceMethodDescriptorSupplier("ReleasePrefix"))
              .build();
        }
      }
    }
    return getReleasePrefixMethod;
  }

  private static volatile io.grpc.MethodDescriptor<dev.datastored.v1.GenerateIamPolicyRequest,
      dev.datastored.v1.GenerateIamPolicyResponse> getGenerateIamPolicyMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "GenerateIamPolicy",
      requestType = dev.datastored.v1.GenerateIamPolicyRequest.class,
      responseType = dev.datastored.v1.GenerateIamPolicyResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<dev.datastored.v1.GenerateIamPolicyRequest,
      dev.datastored.v1.GenerateIamPolicyResponse> getGenerateIamPolicyMethod() {
    io.grpc.MethodDescriptor<dev.datastored.v1.GenerateIamPolicyRequest, dev.datastored.v1.GenerateIamPolicyResponse> getGenerateIamPolicyMethod;
    if ((getGenerateIamPolicyMethod = DatastoreServiceGrpc.getGenerateIamPolicyMethod) == null) {
      synchronized (DatastoreServiceGrpc.class) {
        if ((getGenerateIamPolicyMethod = DatastoreServiceGrpc.getGenerateIamPolicyMethod) == null) {
          DatastoreServiceGrpc.getGenerateIamPolicyMethod = getGenerateIamPolicyMethod =
              io.grpc.MethodDescriptor.<dev.datastored.v1.GenerateIamPolicyRequest, dev.datastored.v1.GenerateIamPolicyResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "GenerateIamPolicy"))
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.datastored.v1.GenerateIamPolicyRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.datastored.v1.GenerateIamPolicyResponse.getDefaultInstance()))
              .setSchemaDescriptor(new DatastoreServiceMethodDescriptorSupplier("GenerateIamPolicy"))
              .build();
        }
      }
    }
    return getGenerateIamPolicyMethod;
  }

  private static volatile io.grpc.MethodDescriptor<dev.datastored.v1.ListAuditEventsRequest,
      dev.datastored.v1.ListAuditEventsResponse> getListAuditEventsMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "ListAuditEvents",
      requestType = dev.datastored.v1.ListAuditEventsRequest.class,
      responseType = dev.datastored.v1.ListAuditEventsResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<dev.datastored.v1.ListAuditEventsRequest,
      dev.datastored.v1.ListAuditEventsResponse> getListAuditEventsMethod() {
    io.grpc.MethodDescriptor<dev.datastored.v1.ListAuditEventsRequest, dev.datastored.v1.ListAuditEventsResponse> getListAuditEventsMethod;
    if ((getListAuditEventsMethod = DatastoreServiceGrpc.getListAuditEventsMethod) == null) {
      synchronized (DatastoreServiceGrpc.class) {
        if ((getListAuditEventsMethod = DatastoreServiceGrpc.getListAuditEventsMethod) == null) {
          DatastoreServiceGrpc.getListAuditEventsMethod = getListAuditEventsMethod =
              io.grpc.MethodDescriptor.<dev.datastored.v1.ListAuditEventsRequest, dev.datastored.v1.ListAuditEventsResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "ListAuditEvents"))
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.datastored.v1.ListAuditEventsRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.datastored.v1.ListAuditEventsResponse.getDefaultInstance()))
              .setSchemaDescriptor(new DatastoreServiceMethodDescriptorSupplier("ListAuditEvents"))
              .build();
        }
      }
    }
    return getListAuditEventsMethod;
  }

  /**
   * Creates a new async stub that supports all call types for the service
   */
  public static DatastoreServiceStub newStub(io.grpc.Channel channel) {
    io.grpc.stub.AbstractStub.StubFactory<DatastoreServiceStub> factory =
      new io.grpc.stub.AbstractStub.StubFactory<DatastoreServiceStub>() {
        @java.lang.Override
        public DatastoreServiceStub newStub(io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
          return new DatastoreServiceStub(channel, callOptions);
        }
      };
    return DatastoreServiceStub.newStub(factory, channel);
  }

  /**
   * Creates a new blocking-style stub that supports all types of calls on the service
   */
  public static DatastoreServiceBlockingV2Stub newBlockingV2Stub(
      io.grpc.Channel channel) {
    io.grpc.stub.AbstractStub.StubFactory<DatastoreServiceBlockingV2Stub> factory =
      new io.grpc.stub.AbstractStub.StubFactory<DatastoreServiceBlockingV2Stub>() {
        @java.lang.Override
        public DatastoreServiceBlockingV2Stub newStub(io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
          return new DatastoreServiceBlockingV2Stub(channel, callOptions);
        }
      };
    return DatastoreServiceBlockingV2Stub.newStub(factory, channel);
  }

  /**
   * Creates a new blocking-style stub that supports unary and streaming output calls on the service
   */
  public static DatastoreServiceBlockingStub newBlockingStub(
      io.grpc.Channel channel) {
    io.grpc.stub.AbstractStub.StubFactory<DatastoreServiceBlockingStub> factory =
      new io.grpc.stub.AbstractStub.StubFactory<DatastoreServiceBlockingStub>() {
        @java.lang.Override
        public DatastoreServiceBlockingStub newStub(io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
          return new DatastoreServiceBlockingStub(channel, callOptions);
        }
      };
    return DatastoreServiceBlockingStub.newStub(factory, channel);
  }

  /**
   * Creates a new ListenableFuture-style stub that supports unary calls on the service
   */
  public static DatastoreServiceFutureStub newFutureStub(
      io.grpc.Channel channel) {
    io.grpc.stub.AbstractStub.StubFactory<DatastoreServiceFutureStub> factory =
      new io.grpc.stub.AbstractStub.StubFactory<DatastoreServiceFutureStub>() {
        @java.lang.Override
        public DatastoreServiceFutureStub newStub(io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
          return new DatastoreServiceFutureStub(channel, callOptions);
        }
      };
    return DatastoreServiceFutureStub.newStub(factory, channel);
  }

  /**
   * <pre>
   * Registers S3 datastores and proves, permission by permission, that their credentials work.
   * Every error carries a google.rpc.ErrorInfo whose reason is a value of ErrorReason without its prefix. Every RPC can
   * answer INVALID_ARGUMENT with a google.rpc.BadRequest that lists all bad fields at once (INVALID_FIELDS), INVALID_ARGUMENT for bytes
   * that are no such message (MALFORMED_MESSAGE) or are too many (MESSAGE_TOO_LARGE), UNAVAILABLE when the store cannot be read or written
   * (STORE_UNAVAILABLE) and INTERNAL (INTERNAL). Every RPC can be refused at once with RESOURCE_EXHAUSTED when there are too many calls, and
   * google.rpc.RetryInfo (TOO_MANY_REQUESTS), and ends with DEADLINE_EXCEEDED when its time is up (DEADLINE_PASSED).
   * A call of a page in a browser that may not is refused with PERMISSION_DENIED (ORIGIN_NOT_ALLOWED).
   * Where callers must say who they are, with the metadata `authorization: Bearer TOKEN` or a client certificate, every RPC can also answer
   * UNAUTHENTICATED (CREDENTIAL_MISSING, CREDENTIAL_REFUSED, CREDENTIAL_EXPIRED), PERMISSION_DENIED when the caller may not do so much
   * (ACCESS_TOO_LOW) or nothing at all (NO_ACCESS), and UNAVAILABLE when a JWT cannot be checked yet (ISSUER_KEYS_UNAVAILABLE). Reading needs the
   * access `viewer`, TestConnection `operator`, and changing anything `editor`; each may do what the one before may.
   * </pre>
   */
  public interface AsyncService {

    /**
     * <pre>
     * Registers a datastore, and with it, if asked for, the enrichment datastore that it is linked to: all of it, or nothing. The connection of each
     * new datastore is tested first, and what does not pass is not stored.
     * Reasons: ALREADY_EXISTS with DISPLAY_NAME_TAKEN, DATASTORE_ID_TAKEN or REQUEST_ID_REUSED; FAILED_PRECONDITION with
     * AMBIENT_CREDENTIALS_NOT_ALLOWED, CONNECTION_TEST_FAILED, CONNECTION_TEST_INCONCLUSIVE, CONNECTION_TEST_NOT_OF_THIS, CONNECTION_TEST_TOO_OLD,
     * and those of LinkEnrichment; NOT_FOUND with DATASTORE_NOT_FOUND for the enrichment datastore, or CONNECTION_TEST_NOT_FOUND;
     * RESOURCE_EXHAUSTED with TOO_MANY_TESTS; UNAVAILABLE with SERVER_STOPPING.
     * </pre>
     */
    default void createDatastore(dev.datastored.v1.CreateDatastoreRequest request,
        io.grpc.stub.StreamObserver<dev.datastored.v1.Datastore> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getCreateDatastoreMethod(), responseObserver);
    }

    /**
     * <pre>
     * Returns a datastore, without its credentials.
     * Reasons: NOT_FOUND with DATASTORE_NOT_FOUND.
     * </pre>
     */
    default void getDatastore(dev.datastored.v1.GetDatastoreRequest request,
        io.grpc.stub.StreamObserver<dev.datastored.v1.Datastore> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getGetDatastoreMethod(), responseObserver);
    }

    /**
     * <pre>
     * Lists datastores, a page at a time, without their credentials.
     * Reasons: INVALID_ARGUMENT with INVALID_FIELDS for a bad filter, order or page token.
     * </pre>
     */
    default void listDatastores(dev.datastored.v1.ListDatastoresRequest request,
        io.grpc.stub.StreamObserver<dev.datastored.v1.ListDatastoresResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getListDatastoresMethod(), responseObserver);
    }

    /**
     * <pre>
     * Changes the fields that the mask names. When the connection changes, with `s3`, the new one is tested first, and if it does not pass nothing is
     * changed.
     * Reasons: NOT_FOUND with DATASTORE_NOT_FOUND or CONNECTION_TEST_NOT_FOUND; ABORTED with ETAG_MISMATCH; ALREADY_EXISTS with DISPLAY_NAME_TAKEN or
     * REQUEST_ID_REUSED; FAILED_PRECONDITION with CREDENTIALS_REQUIRED, CREDENTIALS_UNREADABLE, AMBIENT_CREDENTIALS_NOT_ALLOWED, CONNECTION_TEST_FAILED,
     * CONNECTION_TEST_INCONCLUSIVE, CONNECTION_TEST_NOT_OF_THIS, CONNECTION_TEST_TOO_OLD, PREFIX_CLAIMED, LOCATIONS_OVERLAP or PREFIX_SHARED;
     * RESOURCE_EXHAUSTED with TOO_MANY_TESTS; UNAVAILABLE with SERVER_STOPPING.
     * </pre>
     */
    default void updateDatastore(dev.datastored.v1.UpdateDatastoreRequest request,
        io.grpc.stub.StreamObserver<dev.datastored.v1.Datastore> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getUpdateDatastoreMethod(), responseObserver);
    }

    /**
     * <pre>
     * Deletes a datastore, the credentials stored with it and its connection tests. Nothing in the bucket is touched.
     * Reasons: NOT_FOUND with DATASTORE_NOT_FOUND; ABORTED with ETAG_MISMATCH; ALREADY_EXISTS with REQUEST_ID_REUSED; FAILED_PRECONDITION with
     * ENRICHMENT_IN_USE or PREFIX_CLAIMED, both overcome by `force`.
     * </pre>
     */
    default void deleteDatastore(dev.datastored.v1.DeleteDatastoreRequest request,
        io.grpc.stub.StreamObserver<com.google.protobuf.Empty> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getDeleteDatastoreMethod(), responseObserver);
    }

    /**
     * <pre>
     * Tests the connection, permission by permission, and streams the progress: `started` with the whole plan, a `check` for each change,
     * and `completed` with the report, always last. A test that finds missing permissions is an OK stream with a FAILED
     * report; an RPC error means that there was nothing to test. When the caller goes away the test stops, and what it wrote
     * is still removed.
     * Reasons: NOT_FOUND with DATASTORE_NOT_FOUND; FAILED_PRECONDITION with AMBIENT_CREDENTIALS_NOT_ALLOWED or CREDENTIALS_UNREADABLE;
     * RESOURCE_EXHAUSTED with TOO_MANY_TESTS and a google.rpc.RetryInfo; UNAVAILABLE with SERVER_STOPPING.
     * </pre>
     */
    default void testConnection(dev.datastored.v1.TestConnectionRequest request,
        io.grpc.stub.StreamObserver<dev.datastored.v1.TestConnectionResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getTestConnectionMethod(), responseObserver);
    }

    /**
     * <pre>
     * Returns a connection test that has ended.
     * Reasons: NOT_FOUND with CONNECTION_TEST_NOT_FOUND or DATASTORE_NOT_FOUND.
     * </pre>
     */
    default void getConnectionTest(dev.datastored.v1.GetConnectionTestRequest request,
        io.grpc.stub.StreamObserver<dev.datastored.v1.ConnectionTest> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getGetConnectionTestMethod(), responseObserver);
    }

    /**
     * <pre>
     * Lists the connection tests of a saved datastore, the newest first, a page at a time.
     * Reasons: NOT_FOUND with DATASTORE_NOT_FOUND; INVALID_ARGUMENT with INVALID_FIELDS for a bad page token.
     * </pre>
     */
    default void listConnectionTests(dev.datastored.v1.ListConnectionTestsRequest request,
        io.grpc.stub.StreamObserver<dev.datastored.v1.ListConnectionTestsResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getListConnectionTestsMethod(), responseObserver);
    }

    /**
     * <pre>
     * Links a source to the enrichment datastore that its anomalies are written to, in the place of the one that it was linked to.
     * Reasons: NOT_FOUND with DATASTORE_NOT_FOUND; ABORTED with ETAG_MISMATCH; ALREADY_EXISTS with REQUEST_ID_REUSED; FAILED_PRECONDITION with
     * LINK_TO_ITSELF, NOT_A_SOURCE, NOT_AN_ENRICHMENT_DATASTORE, LOCATIONS_OVERLAP or PREFIX_SHARED.
     * </pre>
     */
    default void linkEnrichment(dev.datastored.v1.LinkEnrichmentRequest request,
        io.grpc.stub.StreamObserver<dev.datastored.v1.Datastore> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getLinkEnrichmentMethod(), responseObserver);
    }

    /**
     * <pre>
     * Takes the link of a source to its enrichment datastore away.
     * Reasons: NOT_FOUND with DATASTORE_NOT_FOUND; ABORTED with ETAG_MISMATCH; ALREADY_EXISTS with REQUEST_ID_REUSED; FAILED_PRECONDITION with
     * ENRICHMENT_NOT_LINKED.
     * </pre>
     */
    default void unlinkEnrichment(dev.datastored.v1.UnlinkEnrichmentRequest request,
        io.grpc.stub.StreamObserver<dev.datastored.v1.Datastore> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getUnlinkEnrichmentMethod(), responseObserver);
    }

    /**
     * <pre>
     * Tells where the enrichment of a source goes: all that a service needs to write there, but for the credentials.
     * Reasons: NOT_FOUND with DATASTORE_NOT_FOUND; FAILED_PRECONDITION with ENRICHMENT_NOT_LINKED or NOT_A_SOURCE.
     * </pre>
     */
    default void resolveEnrichment(dev.datastored.v1.ResolveEnrichmentRequest request,
        io.grpc.stub.StreamObserver<dev.datastored.v1.ResolveEnrichmentResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getResolveEnrichmentMethod(), responseObserver);
    }

    /**
     * <pre>
     * Claims the prefix of an enrichment datastore for this installation, by an object that says so, written only if there is none. Another
     * installation that claims the prefix is refused. A claim that is held already is returned.
     * Reasons: NOT_FOUND with DATASTORE_NOT_FOUND; FAILED_PRECONDITION with NOT_AN_ENRICHMENT_DATASTORE, AMBIENT_CREDENTIALS_NOT_ALLOWED,
     * CREDENTIALS_UNREADABLE, PREFIX_CLAIMED_BY_OTHERS or CLAIM_FAILED; ABORTED with CLAIM_UNDER_WAY; RESOURCE_EXHAUSTED with TOO_MANY_TESTS; UNAVAILABLE with SERVER_STOPPING.
     * </pre>
     */
    default void claimPrefix(dev.datastored.v1.ClaimPrefixRequest request,
        io.grpc.stub.StreamObserver<dev.datastored.v1.Datastore> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getClaimPrefixMethod(), responseObserver);
    }

    /**
     * <pre>
     * Gives a claimed prefix up: the object that says so is deleted, unless it is somebody else's by now. For a prefix that is not claimed it does
     * nothing.
     * Reasons: NOT_FOUND with DATASTORE_NOT_FOUND; FAILED_PRECONDITION with NOT_AN_ENRICHMENT_DATASTORE, AMBIENT_CREDENTIALS_NOT_ALLOWED,
     * CREDENTIALS_UNREADABLE or CLAIM_FAILED; ABORTED with CLAIM_UNDER_WAY; RESOURCE_EXHAUSTED with TOO_MANY_TESTS; UNAVAILABLE with SERVER_STOPPING.
     * </pre>
     */
    default void releasePrefix(dev.datastored.v1.ReleasePrefixRequest request,
        io.grpc.stub.StreamObserver<dev.datastored.v1.Datastore> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getReleasePrefixMethod(), responseObserver);
    }

    /**
     * <pre>
     * Writes the policy that a datastore's credentials need, for a saved datastore or for a location and a role: whoever holds it passes every
     * check of TestConnection. Nothing is stored and S3 is not asked.
     * Reasons: INVALID_ARGUMENT with INVALID_FIELDS; NOT_FOUND with DATASTORE_NOT_FOUND.
     * </pre>
     */
    default void generateIamPolicy(dev.datastored.v1.GenerateIamPolicyRequest request,
        io.grpc.stub.StreamObserver<dev.datastored.v1.GenerateIamPolicyResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getGenerateIamPolicyMethod(), responseObserver);
    }

    /**
     * <pre>
     * Lists what was done and what was refused, the newest first, a page at a time: for administrators.
     * Reasons: INVALID_ARGUMENT with INVALID_FIELDS for a bad filter or page token.
     * </pre>
     */
    default void listAuditEvents(dev.datastored.v1.ListAuditEventsRequest request,
        io.grpc.stub.StreamObserver<dev.datastored.v1.ListAuditEventsResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getListAuditEventsMethod(), responseObserver);
    }
  }

  /**
   * Base class for the server implementation of the service DatastoreService.
   * <pre>
   * Registers S3 datastores and proves, permission by permission, that their credentials work.
   * Every error carries a google.rpc.ErrorInfo whose reason is a value of ErrorReason without its prefix. Every RPC can
   * answer INVALID_ARGUMENT with a google.rpc.BadRequest that lists all bad fields at once (INVALID_FIELDS), INVALID_ARGUMENT for bytes
   * that are no such message (MALFORMED_MESSAGE) or are too many (MESSAGE_TOO_LARGE), UNAVAILABLE when the store cannot be read or written
   * (STORE_UNAVAILABLE) and INTERNAL (INTERNAL). Every RPC can be refused at once with RESOURCE_EXHAUSTED when there are too many calls, and
   * google.rpc.RetryInfo (TOO_MANY_REQUESTS), and ends with DEADLINE_EXCEEDED when its time is up (DEADLINE_PASSED).
   * A call of a page in a browser that may not is refused with PERMISSION_DENIED (ORIGIN_NOT_ALLOWED).
   * Where callers must say who they are, with the metadata `authorization: Bearer TOKEN` or a client certificate, every RPC can also answer
   * UNAUTHENTICATED (CREDENTIAL_MISSING, CREDENTIAL_REFUSED, CREDENTIAL_EXPIRED), PERMISSION_DENIED when the caller may not do so much
   * (ACCESS_TOO_LOW) or nothing at all (NO_ACCESS), and UNAVAILABLE when a JWT cannot be checked yet (ISSUER_KEYS_UNAVAILABLE). Reading needs the
   * access `viewer`, TestConnection `operator`, and changing anything `editor`; each may do what the one before may.
   * </pre>
   */
  public static abstract class DatastoreServiceImplBase
      implements io.grpc.BindableService, AsyncService {

    @java.lang.Override public final io.grpc.ServerServiceDefinition bindService() {
      return DatastoreServiceGrpc.bindService(this);
    }
  }

  /**
   * A stub to allow clients to do asynchronous rpc calls to service DatastoreService.
   * <pre>
   * Registers S3 datastores and proves, permission by permission, that their credentials work.
   * Every error carries a google.rpc.ErrorInfo whose reason is a value of ErrorReason without its prefix. Every RPC can
   * answer INVALID_ARGUMENT with a google.rpc.BadRequest that lists all bad fields at once (INVALID_FIELDS), INVALID_ARGUMENT for bytes
   * that are no such message (MALFORMED_MESSAGE) or are too many (MESSAGE_TOO_LARGE), UNAVAILABLE when the store cannot be read or written
   * (STORE_UNAVAILABLE) and INTERNAL (INTERNAL). Every RPC can be refused at once with RESOURCE_EXHAUSTED when there are too many calls, and
   * google.rpc.RetryInfo (TOO_MANY_REQUESTS), and ends with DEADLINE_EXCEEDED when its time is up (DEADLINE_PASSED).
   * A call of a page in a browser that may not is refused with PERMISSION_DENIED (ORIGIN_NOT_ALLOWED).
   * Where callers must say who they are, with the metadata `authorization: Bearer TOKEN` or a client certificate, every RPC can also answer
   * UNAUTHENTICATED (CREDENTIAL_MISSING, CREDENTIAL_REFUSED, CREDENTIAL_EXPIRED), PERMISSION_DENIED when the caller may not do so much
   * (ACCESS_TOO_LOW) or nothing at all (NO_ACCESS), and UNAVAILABLE when a JWT cannot be checked yet (ISSUER_KEYS_UNAVAILABLE). Reading needs the
   * access `viewer`, TestConnection `operator`, and changing anything `editor`; each may do what the one before may.
   * </pre>
   */
  public static final class DatastoreServiceStub
      extends io.grpc.stub.AbstractAsyncStub<DatastoreServiceStub> {
    private DatastoreServiceStub(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      super(channel, callOptions);
    }

    @java.lang.Override
    protected DatastoreServiceStub build(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      return new DatastoreServiceStub(channel, callOptions);
    }

    /**
     * <pre>
     * Registers a datastore, and with it, if asked for, the enrichment datastore that it is linked to: all of it, or nothing. The connection of each
     * new datastore is tested first, and what does not pass is not stored.
     * Reasons: ALREADY_EXISTS with DISPLAY_NAME_TAKEN, DATASTORE_ID_TAKEN or REQUEST_ID_REUSED; FAILED_PRECONDITION with
     * AMBIENT_CREDENTIALS_NOT_ALLOWED, CONNECTION_TEST_FAILED, CONNECTION_TEST_INCONCLUSIVE, CONNECTION_TEST_NOT_OF_THIS, CONNECTION_TEST_TOO_OLD,
     * and those of LinkEnrichment; NOT_FOUND with DATASTORE_NOT_FOUND for the enrichment datastore, or CONNECTION_TEST_NOT_FOUND;
     * RESOURCE_EXHAUSTED with TOO_MANY_TESTS; UNAVAILABLE with SERVER_STOPPING.
     * </pre>
     */
    public void createDatastore(dev.datastored.v1.CreateDatastoreRequest request,
        io.grpc.stub.StreamObserver<dev.datastored.v1.Datastore> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getCreateDatastoreMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Returns a datastore, without its credentials.
     * Reasons: NOT_FOUND with DATASTORE_NOT_FOUND.
     * </pre>
     */
    public void getDatastore(dev.datastored.v1.GetDatastoreRequest request,
        io.grpc.stub.StreamObserver<dev.datastored.v1.Datastore> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getGetDatastoreMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Lists datastores, a page at a time, without their credentials.
     * Reasons: INVALID_ARGUMENT with INVALID_FIELDS for a bad filter, order or page token.
     * </pre>
     */
    public void listDatastores(dev.datastored.v1.ListDatastoresRequest request,
        io.grpc.stub.StreamObserver<dev.datastored.v1.ListDatastoresResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getListDatastoresMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Changes the fields that the mask names. When the connection changes, with `s3`, the new one is tested first, and if it does not pass nothing is
     * changed.
     * Reasons: NOT_FOUND with DATASTORE_NOT_FOUND or CONNECTION_TEST_NOT_FOUND; ABORTED with ETAG_MISMATCH; ALREADY_EXISTS with DISPLAY_NAME_TAKEN or
     * REQUEST_ID_REUSED; FAILED_PRECONDITION with CREDENTIALS_REQUIRED, CREDENTIALS_UNREADABLE, AMBIENT_CREDENTIALS_NOT_ALLOWED, CONNECTION_TEST_FAILED,
     * CONNECTION_TEST_INCONCLUSIVE, CONNECTION_TEST_NOT_OF_THIS, CONNECTION_TEST_TOO_OLD, PREFIX_CLAIMED, LOCATIONS_OVERLAP or PREFIX_SHARED;
     * RESOURCE_EXHAUSTED with TOO_MANY_TESTS; UNAVAILABLE with SERVER_STOPPING.
     * </pre>
     */
    public void updateDatastore(dev.datastored.v1.UpdateDatastoreRequest request,
        io.grpc.stub.StreamObserver<dev.datastored.v1.Datastore> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getUpdateDatastoreMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Deletes a datastore, the credentials stored with it and its connection tests. Nothing in the bucket is touched.
     * Reasons: NOT_FOUND with DATASTORE_NOT_FOUND; ABORTED with ETAG_MISMATCH; ALREADY_EXISTS with REQUEST_ID_REUSED; FAILED_PRECONDITION with
     * ENRICHMENT_IN_USE or PREFIX_CLAIMED, both overcome by `force`.
     * </pre>
     */
    public void deleteDatastore(dev.datastored.v1.DeleteDatastoreRequest request,
        io.grpc.stub.StreamObserver<com.google.protobuf.Empty> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getDeleteDatastoreMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Tests the connection, permission by permission, and streams the progress: `started` with the whole plan, a `check` for each change,
     * and `completed` with the report, always last. A test that finds missing permissions is an OK stream with a FAILED
     * report; an RPC error means that there was nothing to test. When the caller goes away the test stops, and what it wrote
     * is still removed.
     * Reasons: NOT_FOUND with DATASTORE_NOT_FOUND; FAILED_PRECONDITION with AMBIENT_CREDENTIALS_NOT_ALLOWED or CREDENTIALS_UNREADABLE;
     * RESOURCE_EXHAUSTED with TOO_MANY_TESTS and a google.rpc.RetryInfo; UNAVAILABLE with SERVER_STOPPING.
     * </pre>
     */
    public void testConnection(dev.datastored.v1.TestConnectionRequest request,
        io.grpc.stub.StreamObserver<dev.datastored.v1.TestConnectionResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncServerStreamingCall(
          getChannel().newCall(getTestConnectionMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Returns a connection test that has ended.
     * Reasons: NOT_FOUND with CONNECTION_TEST_NOT_FOUND or DATASTORE_NOT_FOUND.
     * </pre>
     */
    public void getConnectionTest(dev.datastored.v1.GetConnectionTestRequest request,
        io.grpc.stub.StreamObserver<dev.datastored.v1.ConnectionTest> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getGetConnectionTestMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Lists the connection tests of a saved datastore, the newest first, a page at a time.
     * Reasons: NOT_FOUND with DATASTORE_NOT_FOUND; INVALID_ARGUMENT with INVALID_FIELDS for a bad page token.
     * </pre>
     */
    public void listConnectionTests(dev.datastored.v1.ListConnectionTestsRequest request,
        io.grpc.stub.StreamObserver<dev.datastored.v1.ListConnectionTestsResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getListConnectionTestsMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Links a source to the enrichment datastore that its anomalies are written to, in the place of the one that it was linked to.
     * Reasons: NOT_FOUND with DATASTORE_NOT_FOUND; ABORTED with ETAG_MISMATCH; ALREADY_EXISTS with REQUEST_ID_REUSED; FAILED_PRECONDITION with
     * LINK_TO_ITSELF, NOT_A_SOURCE, NOT_AN_ENRICHMENT_DATASTORE, LOCATIONS_OVERLAP or PREFIX_SHARED.
     * </pre>
     */
    public void linkEnrichment(dev.datastored.v1.LinkEnrichmentRequest request,
        io.grpc.stub.StreamObserver<dev.datastored.v1.Datastore> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getLinkEnrichmentMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Takes the link of a source to its enrichment datastore away.
     * Reasons: NOT_FOUND with DATASTORE_NOT_FOUND; ABORTED with ETAG_MISMATCH; ALREADY_EXISTS with REQUEST_ID_REUSED; FAILED_PRECONDITION with
     * ENRICHMENT_NOT_LINKED.
     * </pre>
     */
    public void unlinkEnrichment(dev.datastored.v1.UnlinkEnrichmentRequest request,
        io.grpc.stub.StreamObserver<dev.datastored.v1.Datastore> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getUnlinkEnrichmentMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Tells where the enrichment of a source goes: all that a service needs to write there, but for the credentials.
     * Reasons: NOT_FOUND with DATASTORE_NOT_FOUND; FAILED_PRECONDITION with ENRICHMENT_NOT_LINKED or NOT_A_SOURCE.
     * </pre>
     */
    public void resolveEnrichment(dev.datastored.v1.ResolveEnrichmentRequest request,
        io.grpc.stub.StreamObserver<dev.datastored.v1.ResolveEnrichmentResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getResolveEnrichmentMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Claims the prefix of an enrichment datastore for this installation, by an object that says so, written only if there is none. Another
     * installation that claims the prefix is refused. A claim that is held already is returned.
     * Reasons: NOT_FOUND with DATASTORE_NOT_FOUND; FAILED_PRECONDITION with NOT_AN_ENRICHMENT_DATASTORE, AMBIENT_CREDENTIALS_NOT_ALLOWED,
     * CREDENTIALS_UNREADABLE, PREFIX_CLAIMED_BY_OTHERS or CLAIM_FAILED; ABORTED with CLAIM_UNDER_WAY; RESOURCE_EXHAUSTED with TOO_MANY_TESTS; UNAVAILABLE with SERVER_STOPPING.
     * </pre>
     */
    public void claimPrefix(dev.datastored.v1.ClaimPrefixRequest request,
        io.grpc.stub.StreamObserver<dev.datastored.v1.Datastore> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getClaimPrefixMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Gives a claimed prefix up: the object that says so is deleted, unless it is somebody else's by now. For a prefix that is not claimed it does
     * nothing.
     * Reasons: NOT_FOUND with DATASTORE_NOT_FOUND; FAILED_PRECONDITION with NOT_AN_ENRICHMENT_DATASTORE, AMBIENT_CREDENTIALS_NOT_ALLOWED,
     * CREDENTIALS_UNREADABLE or CLAIM_FAILED; ABORTED with CLAIM_UNDER_WAY; RESOURCE_EXHAUSTED with TOO_MANY_TESTS; UNAVAILABLE with SERVER_STOPPING.
     * </pre>
     */
    public void releasePrefix(dev.datastored.v1.ReleasePrefixRequest request,
        io.grpc.stub.StreamObserver<dev.datastored.v1.Datastore> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getReleasePrefixMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Writes the policy that a datastore's credentials need, for a saved datastore or for a location and a role: whoever holds it passes every
     * check of TestConnection. Nothing is stored and S3 is not asked.
     * Reasons: INVALID_ARGUMENT with INVALID_FIELDS; NOT_FOUND with DATASTORE_NOT_FOUND.
     * </pre>
     */
    public void generateIamPolicy(dev.datastored.v1.GenerateIamPolicyRequest request,
        io.grpc.stub.StreamObserver<dev.datastored.v1.GenerateIamPolicyResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getGenerateIamPolicyMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Lists what was done and what was refused, the newest first, a page at a time: for administrators.
     * Reasons: INVALID_ARGUMENT with INVALID_FIELDS for a bad filter or page token.
     * </pre>
     */
    public void listAuditEvents(dev.datastored.v1.ListAuditEventsRequest request,
        io.grpc.stub.StreamObserver<dev.datastored.v1.ListAuditEventsResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getListAuditEventsMethod(), getCallOptions()), request, responseObserver);
    }
  }

  /**
   * A stub to allow clients to do synchronous rpc calls to service DatastoreService.
   * <pre>
   * Registers S3 datastores and proves, permission by permission, that their credentials work.
   * Every error carries a google.rpc.ErrorInfo whose reason is a value of ErrorReason without its prefix. Every RPC can
   * answer INVALID_ARGUMENT with a google.rpc.BadRequest that lists all bad fields at once (INVALID_FIELDS), INVALID_ARGUMENT for bytes
   * that are no such message (MALFORMED_MESSAGE) or are too many (MESSAGE_TOO_LARGE), UNAVAILABLE when the store cannot be read or written
   * (STORE_UNAVAILABLE) and INTERNAL (INTERNAL). Every RPC can be refused at once with RESOURCE_EXHAUSTED when there are too many calls, and
   * google.rpc.RetryInfo (TOO_MANY_REQUESTS), and ends with DEADLINE_EXCEEDED when its time is up (DEADLINE_PASSED).
   * A call of a page in a browser that may not is refused with PERMISSION_DENIED (ORIGIN_NOT_ALLOWED).
   * Where callers must say who they are, with the metadata `authorization: Bearer TOKEN` or a client certificate, every RPC can also answer
   * UNAUTHENTICATED (CREDENTIAL_MISSING, CREDENTIAL_REFUSED, CREDENTIAL_EXPIRED), PERMISSION_DENIED when the caller may not do so much
   * (ACCESS_TOO_LOW) or nothing at all (NO_ACCESS), and UNAVAILABLE when a JWT cannot be checked yet (ISSUER_KEYS_UNAVAILABLE). Reading needs the
   * access `viewer`, TestConnection `operator`, and changing anything `editor`; each may do what the one before may.
   * </pre>
   */
  public static final class DatastoreServiceBlockingV2Stub
      extends io.grpc.stub.AbstractBlockingStub<DatastoreServiceBlockingV2Stub> {
    private DatastoreServiceBlockingV2Stub(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      super(channel, callOptions);
    }

    @java.lang.Override
    protected DatastoreServiceBlockingV2Stub build(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      return new DatastoreServiceBlockingV2Stub(channel, callOptions);
    }

    /**
     * <pre>
     * Registers a datastore, and with it, if asked for, the enrichment datastore that it is linked to: all of it, or nothing. The connection of each
     * new datastore is tested first, and what does not pass is not stored.
     * Reasons: ALREADY_EXISTS with DISPLAY_NAME_TAKEN, DATASTORE_ID_TAKEN or REQUEST_ID_REUSED; FAILED_PRECONDITION with
     * AMBIENT_CREDENTIALS_NOT_ALLOWED, CONNECTION_TEST_FAILED, CONNECTION_TEST_INCONCLUSIVE, CONNECTION_TEST_NOT_OF_THIS, CONNECTION_TEST_TOO_OLD,
     * and those of LinkEnrichment; NOT_FOUND with DATASTORE_NOT_FOUND for the enrichment datastore, or CONNECTION_TEST_NOT_FOUND;
     * RESOURCE_EXHAUSTED with TOO_MANY_TESTS; UNAVAILABLE with SERVER_STOPPING.
     * </pre>
     */
    public dev.datastored.v1.Datastore createDatastore(dev.datastored.v1.CreateDatastoreRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getCreateDatastoreMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Returns a datastore, without its credentials.
     * Reasons: NOT_FOUND with DATASTORE_NOT_FOUND.
     * </pre>
     */
    public dev.datastored.v1.Datastore getDatastore(dev.datastored.v1.GetDatastoreRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getGetDatastoreMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Lists datastores, a page at a time, without their credentials.
     * Reasons: INVALID_ARGUMENT with INVALID_FIELDS for a bad filter, order or page token.
     * </pre>
     */
    public dev.datastored.v1.ListDatastoresResponse listDatastores(dev.datastored.v1.ListDatastoresRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getListDatastoresMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Changes the fields that the mask names. When the connection changes, with `s3`, the new one is tested first, and if it does not pass nothing is
     * changed.
     * Reasons: NOT_FOUND with DATASTORE_NOT_FOUND or CONNECTION_TEST_NOT_FOUND; ABORTED with ETAG_MISMATCH; ALREADY_EXISTS with DISPLAY_NAME_TAKEN or
     * REQUEST_ID_REUSED; FAILED_PRECONDITION with CREDENTIALS_REQUIRED, CREDENTIALS_UNREADABLE, AMBIENT_CREDENTIALS_NOT_ALLOWED, CONNECTION_TEST_FAILED,
     * CONNECTION_TEST_INCONCLUSIVE, CONNECTION_TEST_NOT_OF_THIS, CONNECTION_TEST_TOO_OLD, PREFIX_CLAIMED, LOCATIONS_OVERLAP or PREFIX_SHARED;
     * RESOURCE_EXHAUSTED with TOO_MANY_TESTS; UNAVAILABLE with SERVER_STOPPING.
     * </pre>
     */
    public dev.datastored.v1.Datastore updateDatastore(dev.datastored.v1.UpdateDatastoreRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getUpdateDatastoreMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Deletes a datastore, the credentials stored with it and its connection tests. Nothing in the bucket is touched.
     * Reasons: NOT_FOUND with DATASTORE_NOT_FOUND; ABORTED with ETAG_MISMATCH; ALREADY_EXISTS with REQUEST_ID_REUSED; FAILED_PRECONDITION with
     * ENRICHMENT_IN_USE or PREFIX_CLAIMED, both overcome by `force`.
     * </pre>
     */
    public com.google.protobuf.Empty deleteDatastore(dev.datastored.v1.DeleteDatastoreRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getDeleteDatastoreMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Tests the connection, permission by permission, and streams the progress: `started` with the whole plan, a `check` for each change,
     * and `completed` with the report, always last. A test that finds missing permissions is an OK stream with a FAILED
     * report; an RPC error means that there was nothing to test. When the caller goes away the test stops, and what it wrote
     * is still removed.
     * Reasons: NOT_FOUND with DATASTORE_NOT_FOUND; FAILED_PRECONDITION with AMBIENT_CREDENTIALS_NOT_ALLOWED or CREDENTIALS_UNREADABLE;
     * RESOURCE_EXHAUSTED with TOO_MANY_TESTS and a google.rpc.RetryInfo; UNAVAILABLE with SERVER_STOPPING.
     * </pre>
     */
    @io.grpc.ExperimentalApi("https://github.com/grpc/grpc-java/issues/10918")
    public io.grpc.stub.BlockingClientCall<?, dev.datastored.v1.TestConnectionResponse>
        testConnection(dev.datastored.v1.TestConnectionRequest request) {
      return io.grpc.stub.ClientCalls.blockingV2ServerStreamingCall(
          getChannel(), getTestConnectionMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Returns a connection test that has ended.
     * Reasons: NOT_FOUND with CONNECTION_TEST_NOT_FOUND or DATASTORE_NOT_FOUND.
     * </pre>
     */
    public dev.datastored.v1.ConnectionTest getConnectionTest(dev.datastored.v1.GetConnectionTestRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getGetConnectionTestMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Lists the connection tests of a saved datastore, the newest first, a page at a time.
     * Reasons: NOT_FOUND with DATASTORE_NOT_FOUND; INVALID_ARGUMENT with INVALID_FIELDS for a bad page token.
     * </pre>
     */
    public dev.datastored.v1.ListConnectionTestsResponse listConnectionTests(dev.datastored.v1.ListConnectionTestsRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getListConnectionTestsMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Links a source to the enrichment datastore that its anomalies are written to, in the place of the one that it was linked to.
     * Reasons: NOT_FOUND with DATASTORE_NOT_FOUND; ABORTED with ETAG_MISMATCH; ALREADY_EXISTS with REQUEST_ID_REUSED; FAILED_PRECONDITION with
     * LINK_TO_ITSELF, NOT_A_SOURCE, NOT_AN_ENRICHMENT_DATASTORE, LOCATIONS_OVERLAP or PREFIX_SHARED.
     * </pre>
     */
    public dev.datastored.v1.Datastore linkEnrichment(dev.datastored.v1.LinkEnrichmentRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getLinkEnrichmentMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Takes the link of a source to its enrichment datastore away.
     * Reasons: NOT_FOUND with DATASTORE_NOT_FOUND; ABORTED with ETAG_MISMATCH; ALREADY_EXISTS with REQUEST_ID_REUSED; FAILED_PRECONDITION with
     * ENRICHMENT_NOT_LINKED.
     * </pre>
     */
    public dev.datastored.v1.Datastore unlinkEnrichment(dev.datastored.v1.UnlinkEnrichmentRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getUnlinkEnrichmentMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Tells where the enrichment of a source goes: all that a service needs to write there, but for the credentials.
     * Reasons: NOT_FOUND with DATASTORE_NOT_FOUND; FAILED_PRECONDITION with ENRICHMENT_NOT_LINKED or NOT_A_SOURCE.
     * </pre>
     */
    public dev.datastored.v1.ResolveEnrichmentResponse resolveEnrichment(dev.datastored.v1.ResolveEnrichmentRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getResolveEnrichmentMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Claims the prefix of an enrichment datastore for this installation, by an object that says so, written only if there is none. Another
     * installation that claims the prefix is refused. A claim that is held already is returned.
     * Reasons: NOT_FOUND with DATASTORE_NOT_FOUND; FAILED_PRECONDITION with NOT_AN_ENRICHMENT_DATASTORE, AMBIENT_CREDENTIALS_NOT_ALLOWED,
     * CREDENTIALS_UNREADABLE, PREFIX_CLAIMED_BY_OTHERS or CLAIM_FAILED; ABORTED with CLAIM_UNDER_WAY; RESOURCE_EXHAUSTED with TOO_MANY_TESTS; UNAVAILABLE with SERVER_STOPPING.
     * </pre>
     */
    public dev.datastored.v1.Datastore claimPrefix(dev.datastored.v1.ClaimPrefixRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getClaimPrefixMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Gives a claimed prefix up: the object that says so is deleted, unless it is somebody else's by now. For a prefix that is not claimed it does
     * nothing.
     * Reasons: NOT_FOUND with DATASTORE_NOT_FOUND; FAILED_PRECONDITION with NOT_AN_ENRICHMENT_DATASTORE, AMBIENT_CREDENTIALS_NOT_ALLOWED,
     * CREDENTIALS_UNREADABLE or CLAIM_FAILED; ABORTED with CLAIM_UNDER_WAY; RESOURCE_EXHAUSTED with TOO_MANY_TESTS; UNAVAILABLE with SERVER_STOPPING.
     * </pre>
     */
    public dev.datastored.v1.Datastore releasePrefix(dev.datastored.v1.ReleasePrefixRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getReleasePrefixMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Writes the policy that a datastore's credentials need, for a saved datastore or for a location and a role: whoever holds it passes every
     * check of TestConnection. Nothing is stored and S3 is not asked.
     * Reasons: INVALID_ARGUMENT with INVALID_FIELDS; NOT_FOUND with DATASTORE_NOT_FOUND.
     * </pre>
     */
    public dev.datastored.v1.GenerateIamPolicyResponse generateIamPolicy(dev.datastored.v1.GenerateIamPolicyRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getGenerateIamPolicyMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Lists what was done and what was refused, the newest first, a page at a time: for administrators.
     * Reasons: INVALID_ARGUMENT with INVALID_FIELDS for a bad filter or page token.
     * </pre>
     */
    public dev.datastored.v1.ListAuditEventsResponse listAuditEvents(dev.datastored.v1.ListAuditEventsRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getListAuditEventsMethod(), getCallOptions(), request);
    }
  }

  /**
   * A stub to allow clients to do limited synchronous rpc calls to service DatastoreService.
   * <pre>
   * Registers S3 datastores and proves, permission by permission, that their credentials work.
   * Every error carries a google.rpc.ErrorInfo whose reason is a value of ErrorReason without its prefix. Every RPC can
   * answer INVALID_ARGUMENT with a google.rpc.BadRequest that lists all bad fields at once (INVALID_FIELDS), INVALID_ARGUMENT for bytes
   * that are no such message (MALFORMED_MESSAGE) or are too many (MESSAGE_TOO_LARGE), UNAVAILABLE when the store cannot be read or written
   * (STORE_UNAVAILABLE) and INTERNAL (INTERNAL). Every RPC can be refused at once with RESOURCE_EXHAUSTED when there are too many calls, and
   * google.rpc.RetryInfo (TOO_MANY_REQUESTS), and ends with DEADLINE_EXCEEDED when its time is up (DEADLINE_PASSED).
   * A call of a page in a browser that may not is refused with PERMISSION_DENIED (ORIGIN_NOT_ALLOWED).
   * Where callers must say who they are, with the metadata `authorization: Bearer TOKEN` or a client certificate, every RPC can also answer
   * UNAUTHENTICATED (CREDENTIAL_MISSING, CREDENTIAL_REFUSED, CREDENTIAL_EXPIRED), PERMISSION_DENIED when the caller may not do so much
   * (ACCESS_TOO_LOW) or nothing at all (NO_ACCESS), and UNAVAILABLE when a JWT cannot be checked yet (ISSUER_KEYS_UNAVAILABLE). Reading needs the
   * access `viewer`, TestConnection `operator`, and changing anything `editor`; each may do what the one before may.
   * </pre>
   */
  public static final class DatastoreServiceBlockingStub
      extends io.grpc.stub.AbstractBlockingStub<DatastoreServiceBlockingStub> {
    private DatastoreServiceBlockingStub(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      super(channel, callOptions);
    }

    @java.lang.Override
    protected DatastoreServiceBlockingStub build(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      return new DatastoreServiceBlockingStub(channel, callOptions);
    }

    /**
     * <pre>
     * Registers a datastore, and with it, if asked for, the enrichment datastore that it is linked to: all of it, or nothing. The connection of each
     * new datastore is tested first, and what does not pass is not stored.
     * Reasons: ALREADY_EXISTS with DISPLAY_NAME_TAKEN, DATASTORE_ID_TAKEN or REQUEST_ID_REUSED; FAILED_PRECONDITION with
     * AMBIENT_CREDENTIALS_NOT_ALLOWED, CONNECTION_TEST_FAILED, CONNECTION_TEST_INCONCLUSIVE, CONNECTION_TEST_NOT_OF_THIS, CONNECTION_TEST_TOO_OLD,
     * and those of LinkEnrichment; NOT_FOUND with DATASTORE_NOT_FOUND for the enrichment datastore, or CONNECTION_TEST_NOT_FOUND;
     * RESOURCE_EXHAUSTED with TOO_MANY_TESTS; UNAVAILABLE with SERVER_STOPPING.
     * </pre>
     */
    public dev.datastored.v1.Datastore createDatastore(dev.datastored.v1.CreateDatastoreRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getCreateDatastoreMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Returns a datastore, without its credentials.
     * Reasons: NOT_FOUND with DATASTORE_NOT_FOUND.
     * </pre>
     */
    public dev.datastored.v1.Datastore getDatastore(dev.datastored.v1.GetDatastoreRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getGetDatastoreMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Lists datastores, a page at a time, without their credentials.
     * Reasons: INVALID_ARGUMENT with INVALID_FIELDS for a bad filter, order or page token.
     * </pre>
     */
    public dev.datastored.v1.ListDatastoresResponse listDatastores(dev.datastored.v1.ListDatastoresRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getListDatastoresMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Changes the fields that the mask names. When the connection changes, with `s3`, the new one is tested first, and if it does not pass nothing is
     * changed.
     * Reasons: NOT_FOUND with DATASTORE_NOT_FOUND or CONNECTION_TEST_NOT_FOUND; ABORTED with ETAG_MISMATCH; ALREADY_EXISTS with DISPLAY_NAME_TAKEN or
     * REQUEST_ID_REUSED; FAILED_PRECONDITION with CREDENTIALS_REQUIRED, CREDENTIALS_UNREADABLE, AMBIENT_CREDENTIALS_NOT_ALLOWED, CONNECTION_TEST_FAILED,
     * CONNECTION_TEST_INCONCLUSIVE, CONNECTION_TEST_NOT_OF_THIS, CONNECTION_TEST_TOO_OLD, PREFIX_CLAIMED, LOCATIONS_OVERLAP or PREFIX_SHARED;
     * RESOURCE_EXHAUSTED with TOO_MANY_TESTS; UNAVAILABLE with SERVER_STOPPING.
     * </pre>
     */
    public dev.datastored.v1.Datastore updateDatastore(dev.datastored.v1.UpdateDatastoreRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getUpdateDatastoreMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Deletes a datastore, the credentials stored with it and its connection tests. Nothing in the bucket is touched.
     * Reasons: NOT_FOUND with DATASTORE_NOT_FOUND; ABORTED with ETAG_MISMATCH; ALREADY_EXISTS with REQUEST_ID_REUSED; FAILED_PRECONDITION with
     * ENRICHMENT_IN_USE or PREFIX_CLAIMED, both overcome by `force`.
     * </pre>
     */
    public com.google.protobuf.Empty deleteDatastore(dev.datastored.v1.DeleteDatastoreRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getDeleteDatastoreMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Tests the connection, permission by permission, and streams the progress: `started` with the whole plan, a `check` for each change,
     * and `completed` with the report, always last. A test that finds missing permissions is an OK stream with a FAILED
     * report; an RPC error means that there was nothing to test. When the caller goes away the test stops, and what it wrote
     * is still removed.
     * Reasons: NOT_FOUND with DATASTORE_NOT_FOUND; FAILED_PRECONDITION with AMBIENT_CREDENTIALS_NOT_ALLOWED or CREDENTIALS_UNREADABLE;
     * RESOURCE_EXHAUSTED with TOO_MANY_TESTS and a google.rpc.RetryInfo; UNAVAILABLE with SERVER_STOPPING.
     * </pre>
     */
    public java.util.Iterator<dev.datastored.v1.TestConnectionResponse> testConnection(
        dev.datastored.v1.TestConnectionRequest request) {
      return io.grpc.stub.ClientCalls.blockingServerStreamingCall(
          getChannel(), getTestConnectionMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Returns a connection test that has ended.
     * Reasons: NOT_FOUND with CONNECTION_TEST_NOT_FOUND or DATASTORE_NOT_FOUND.
     * </pre>
     */
    public dev.datastored.v1.ConnectionTest getConnectionTest(dev.datastored.v1.GetConnectionTestRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getGetConnectionTestMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Lists the connection tests of a saved datastore, the newest first, a page at a time.
     * Reasons: NOT_FOUND with DATASTORE_NOT_FOUND; INVALID_ARGUMENT with INVALID_FIELDS for a bad page token.
     * </pre>
     */
    public dev.datastored.v1.ListConnectionTestsResponse listConnectionTests(dev.datastored.v1.ListConnectionTestsRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getListConnectionTestsMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Links a source to the enrichment datastore that its anomalies are written to, in the place of the one that it was linked to.
     * Reasons: NOT_FOUND with DATASTORE_NOT_FOUND; ABORTED with ETAG_MISMATCH; ALREADY_EXISTS with REQUEST_ID_REUSED; FAILED_PRECONDITION with
     * LINK_TO_ITSELF, NOT_A_SOURCE, NOT_AN_ENRICHMENT_DATASTORE, LOCATIONS_OVERLAP or PREFIX_SHARED.
     * </pre>
     */
    public dev.datastored.v1.Datastore linkEnrichment(dev.datastored.v1.LinkEnrichmentRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getLinkEnrichmentMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Takes the link of a source to its enrichment datastore away.
     * Reasons: NOT_FOUND with DATASTORE_NOT_FOUND; ABORTED with ETAG_MISMATCH; ALREADY_EXISTS with REQUEST_ID_REUSED; FAILED_PRECONDITION with
     * ENRICHMENT_NOT_LINKED.
     * </pre>
     */
    public dev.datastored.v1.Datastore unlinkEnrichment(dev.datastored.v1.UnlinkEnrichmentRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getUnlinkEnrichmentMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Tells where the enrichment of a source goes: all that a service needs to write there, but for the credentials.
     * Reasons: NOT_FOUND with DATASTORE_NOT_FOUND; FAILED_PRECONDITION with ENRICHMENT_NOT_LINKED or NOT_A_SOURCE.
     * </pre>
     */
    public dev.datastored.v1.ResolveEnrichmentResponse resolveEnrichment(dev.datastored.v1.ResolveEnrichmentRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getResolveEnrichmentMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Claims the prefix of an enrichment datastore for this installation, by an object that says so, written only if there is none. Another
     * installation that claims the prefix is refused. A claim that is held already is returned.
     * Reasons: NOT_FOUND with DATASTORE_NOT_FOUND; FAILED_PRECONDITION with NOT_AN_ENRICHMENT_DATASTORE, AMBIENT_CREDENTIALS_NOT_ALLOWED,
     * CREDENTIALS_UNREADABLE, PREFIX_CLAIMED_BY_OTHERS or CLAIM_FAILED; ABORTED with CLAIM_UNDER_WAY; RESOURCE_EXHAUSTED with TOO_MANY_TESTS; UNAVAILABLE with SERVER_STOPPING.
     * </pre>
     */
    public dev.datastored.v1.Datastore claimPrefix(dev.datastored.v1.ClaimPrefixRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getClaimPrefixMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Gives a claimed prefix up: the object that says so is deleted, unless it is somebody else's by now. For a prefix that is not claimed it does
     * nothing.
     * Reasons: NOT_FOUND with DATASTORE_NOT_FOUND; FAILED_PRECONDITION with NOT_AN_ENRICHMENT_DATASTORE, AMBIENT_CREDENTIALS_NOT_ALLOWED,
     * CREDENTIALS_UNREADABLE or CLAIM_FAILED; ABORTED with CLAIM_UNDER_WAY; RESOURCE_EXHAUSTED with TOO_MANY_TESTS; UNAVAILABLE with SERVER_STOPPING.
     * </pre>
     */
    public dev.datastored.v1.Datastore releasePrefix(dev.datastored.v1.ReleasePrefixRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getReleasePrefixMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Writes the policy that a datastore's credentials need, for a saved datastore or for a location and a role: whoever holds it passes every
     * check of TestConnection. Nothing is stored and S3 is not asked.
     * Reasons: INVALID_ARGUMENT with INVALID_FIELDS; NOT_FOUND with DATASTORE_NOT_FOUND.
     * </pre>
     */
    public dev.datastored.v1.GenerateIamPolicyResponse generateIamPolicy(dev.datastored.v1.GenerateIamPolicyRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getGenerateIamPolicyMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Lists what was done and what was refused, the newest first, a page at a time: for administrators.
     * Reasons: INVALID_ARGUMENT with INVALID_FIELDS for a bad filter or page token.
     * </pre>
     */
    public dev.datastored.v1.ListAuditEventsResponse listAuditEvents(dev.datastored.v1.ListAuditEventsRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getListAuditEventsMethod(), getCallOptions(), request);
    }
  }

  /**
   * A stub to allow clients to do ListenableFuture-style rpc calls to service DatastoreService.
   * <pre>
   * Registers S3 datastores and proves, permission by permission, that their credentials work.
   * Every error carries a google.rpc.ErrorInfo whose reason is a value of ErrorReason without its prefix. Every RPC can
   * answer INVALID_ARGUMENT with a google.rpc.BadRequest that lists all bad fields at once (INVALID_FIELDS), INVALID_ARGUMENT for bytes
   * that are no such message (MALFORMED_MESSAGE) or are too many (MESSAGE_TOO_LARGE), UNAVAILABLE when the store cannot be read or written
   * (STORE_UNAVAILABLE) and INTERNAL (INTERNAL). Every RPC can be refused at once with RESOURCE_EXHAUSTED when there are too many calls, and
   * google.rpc.RetryInfo (TOO_MANY_REQUESTS), and ends with DEADLINE_EXCEEDED when its time is up (DEADLINE_PASSED).
   * A call of a page in a browser that may not is refused with PERMISSION_DENIED (ORIGIN_NOT_ALLOWED).
   * Where callers must say who they are, with the metadata `authorization: Bearer TOKEN` or a client certificate, every RPC can also answer
   * UNAUTHENTICATED (CREDENTIAL_MISSING, CREDENTIAL_REFUSED, CREDENTIAL_EXPIRED), PERMISSION_DENIED when the caller may not do so much
   * (ACCESS_TOO_LOW) or nothing at all (NO_ACCESS), and UNAVAILABLE when a JWT cannot be checked yet (ISSUER_KEYS_UNAVAILABLE). Reading needs the
   * access `viewer`, TestConnection `operator`, and changing anything `editor`; each may do what the one before may.
   * </pre>
   */
  public static final class DatastoreServiceFutureStub
      extends io.grpc.stub.AbstractFutureStub<DatastoreServiceFutureStub> {
    private DatastoreServiceFutureStub(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      super(channel, callOptions);
    }

    @java.lang.Override
    protected DatastoreServiceFutureStub build(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      return new DatastoreServiceFutureStub(channel, callOptions);
    }

    /**
     * <pre>
     * Registers a datastore, and with it, if asked for, the enrichment datastore that it is linked to: all of it, or nothing. The connection of each
     * new datastore is tested first, and what does not pass is not stored.
     * Reasons: ALREADY_EXISTS with DISPLAY_NAME_TAKEN, DATASTORE_ID_TAKEN or REQUEST_ID_REUSED; FAILED_PRECONDITION with
     * AMBIENT_CREDENTIALS_NOT_ALLOWED, CONNECTION_TEST_FAILED, CONNECTION_TEST_INCONCLUSIVE, CONNECTION_TEST_NOT_OF_THIS, CONNECTION_TEST_TOO_OLD,
     * and those of LinkEnrichment; NOT_FOUND with DATASTORE_NOT_FOUND for the enrichment datastore, or CONNECTION_TEST_NOT_FOUND;
     * RESOURCE_EXHAUSTED with TOO_MANY_TESTS; UNAVAILABLE with SERVER_STOPPING.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<dev.datastored.v1.Datastore> createDatastore(
        dev.datastored.v1.CreateDatastoreRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getCreateDatastoreMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Returns a datastore, without its credentials.
     * Reasons: NOT_FOUND with DATASTORE_NOT_FOUND.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<dev.datastored.v1.Datastore> getDatastore(
        dev.datastored.v1.GetDatastoreRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getGetDatastoreMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Lists datastores, a page at a time, without their credentials.
     * Reasons: INVALID_ARGUMENT with INVALID_FIELDS for a bad filter, order or page token.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<dev.datastored.v1.ListDatastoresResponse> listDatastores(
        dev.datastored.v1.ListDatastoresRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getListDatastoresMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Changes the fields that the mask names. When the connection changes, with `s3`, the new one is tested first, and if it does not pass nothing is
     * changed.
     * Reasons: NOT_FOUND with DATASTORE_NOT_FOUND or CONNECTION_TEST_NOT_FOUND; ABORTED with ETAG_MISMATCH; ALREADY_EXISTS with DISPLAY_NAME_TAKEN or
     * REQUEST_ID_REUSED; FAILED_PRECONDITION with CREDENTIALS_REQUIRED, CREDENTIALS_UNREADABLE, AMBIENT_CREDENTIALS_NOT_ALLOWED, CONNECTION_TEST_FAILED,
     * CONNECTION_TEST_INCONCLUSIVE, CONNECTION_TEST_NOT_OF_THIS, CONNECTION_TEST_TOO_OLD, PREFIX_CLAIMED, LOCATIONS_OVERLAP or PREFIX_SHARED;
     * RESOURCE_EXHAUSTED with TOO_MANY_TESTS; UNAVAILABLE with SERVER_STOPPING.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<dev.datastored.v1.Datastore> updateDatastore(
        dev.datastored.v1.UpdateDatastoreRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getUpdateDatastoreMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Deletes a datastore, the credentials stored with it and its connection tests. Nothing in the bucket is touched.
     * Reasons: NOT_FOUND with DATASTORE_NOT_FOUND; ABORTED with ETAG_MISMATCH; ALREADY_EXISTS with REQUEST_ID_REUSED; FAILED_PRECONDITION with
     * ENRICHMENT_IN_USE or PREFIX_CLAIMED, both overcome by `force`.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<com.google.protobuf.Empty> deleteDatastore(
        dev.datastored.v1.DeleteDatastoreRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getDeleteDatastoreMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Returns a connection test that has ended.
     * Reasons: NOT_FOUND with CONNECTION_TEST_NOT_FOUND or DATASTORE_NOT_FOUND.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<dev.datastored.v1.ConnectionTest> getConnectionTest(
        dev.datastored.v1.GetConnectionTestRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getGetConnectionTestMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Lists the connection tests of a saved datastore, the newest first, a page at a time.
     * Reasons: NOT_FOUND with DATASTORE_NOT_FOUND; INVALID_ARGUMENT with INVALID_FIELDS for a bad page token.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<dev.datastored.v1.ListConnectionTestsResponse> listConnectionTests(
        dev.datastored.v1.ListConnectionTestsRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getListConnectionTestsMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Links a source to the enrichment datastore that its anomalies are written to, in the place of the one that it was linked to.
     * Reasons: NOT_FOUND with DATASTORE_NOT_FOUND; ABORTED with ETAG_MISMATCH; ALREADY_EXISTS with REQUEST_ID_REUSED; FAILED_PRECONDITION with
     * LINK_TO_ITSELF, NOT_A_SOURCE, NOT_AN_ENRICHMENT_DATASTORE, LOCATIONS_OVERLAP or PREFIX_SHARED.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<dev.datastored.v1.Datastore> linkEnrichment(
        dev.datastored.v1.LinkEnrichmentRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getLinkEnrichmentMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Takes the link of a source to its enrichment datastore away.
     * Reasons: NOT_FOUND with DATASTORE_NOT_FOUND; ABORTED with ETAG_MISMATCH; ALREADY_EXISTS with REQUEST_ID_REUSED; FAILED_PRECONDITION with
     * ENRICHMENT_NOT_LINKED.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<dev.datastored.v1.Datastore> unlinkEnrichment(
        dev.datastored.v1.UnlinkEnrichmentRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getUnlinkEnrichmentMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Tells where the enrichment of a source goes: all that a service needs to write there, but for the credentials.
     * Reasons: NOT_FOUND with DATASTORE_NOT_FOUND; FAILED_PRECONDITION with ENRICHMENT_NOT_LINKED or NOT_A_SOURCE.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<dev.datastored.v1.ResolveEnrichmentResponse> resolveEnrichment(
        dev.datastored.v1.ResolveEnrichmentRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getResolveEnrichmentMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Claims the prefix of an enrichment datastore for this installation, by an object that says so, written only if there is none. Another
     * installation that claims the prefix is refused. A claim that is held already is returned.
     * Reasons: NOT_FOUND with DATASTORE_NOT_FOUND; FAILED_PRECONDITION with NOT_AN_ENRICHMENT_DATASTORE, AMBIENT_CREDENTIALS_NOT_ALLOWED,
     * CREDENTIALS_UNREADABLE, PREFIX_CLAIMED_BY_OTHERS or CLAIM_FAILED; ABORTED with CLAIM_UNDER_WAY; RESOURCE_EXHAUSTED with TOO_MANY_TESTS; UNAVAILABLE with SERVER_STOPPING.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<dev.datastored.v1.Datastore> claimPrefix(
        dev.datastored.v1.ClaimPrefixRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getClaimPrefixMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Gives a claimed prefix up: the object that says so is deleted, unless it is somebody else's by now. For a prefix that is not claimed it does
     * nothing.
     * Reasons: NOT_FOUND with DATASTORE_NOT_FOUND; FAILED_PRECONDITION with NOT_AN_ENRICHMENT_DATASTORE, AMBIENT_CREDENTIALS_NOT_ALLOWED,
     * CREDENTIALS_UNREADABLE or CLAIM_FAILED; ABORTED with CLAIM_UNDER_WAY; RESOURCE_EXHAUSTED with TOO_MANY_TESTS; UNAVAILABLE with SERVER_STOPPING.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<dev.datastored.v1.Datastore> releasePrefix(
        dev.datastored.v1.ReleasePrefixRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getReleasePrefixMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Writes the policy that a datastore's credentials need, for a saved datastore or for a location and a role: whoever holds it passes every
     * check of TestConnection. Nothing is stored and S3 is not asked.
     * Reasons: INVALID_ARGUMENT with INVALID_FIELDS; NOT_FOUND with DATASTORE_NOT_FOUND.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<dev.datastored.v1.GenerateIamPolicyResponse> generateIamPolicy(
        dev.datastored.v1.GenerateIamPolicyRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getGenerateIamPolicyMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Lists what was done and what was refused, the newest first, a page at a time: for administrators.
     * Reasons: INVALID_ARGUMENT with INVALID_FIELDS for a bad filter or page token.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<dev.datastored.v1.ListAuditEventsResponse> listAuditEvents(
        dev.datastored.v1.ListAuditEventsRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getListAuditEventsMethod(), getCallOptions()), request);
    }
  }

  private static final int METHODID_CREATE_DATASTORE = 0;
  private static final int METHODID_GET_DATASTORE = 1;
  private static final int METHODID_LIST_DATASTORES = 2;
  private static final int METHODID_UPDATE_DATASTORE = 3;
  private static final int METHODID_DELETE_DATASTORE = 4;
  private static final int METHODID_TEST_CONNECTION = 5;
  private static final int METHODID_GET_CONNECTION_TEST = 6;
  private static final int METHODID_LIST_CONNECTION_TESTS = 7;
  private static final int METHODID_LINK_ENRICHMENT = 8;
  private static final int METHODID_UNLINK_ENRICHMENT = 9;
  private static final int METHODID_RESOLVE_ENRICHMENT = 10;
  private static final int METHODID_CLAIM_PREFIX = 11;
  private static final int METHODID_RELEASE_PREFIX = 12;
  private static final int METHODID_GENERATE_IAM_POLICY = 13;
  private static final int METHODID_LIST_AUDIT_EVENTS = 14;

  private static final class MethodHandlers<Req, Resp> implements
      io.grpc.stub.ServerCalls.UnaryMethod<Req, Resp>,
      io.grpc.stub.ServerCalls.ServerStreamingMethod<Req, Resp>,
      io.grpc.stub.ServerCalls.ClientStreamingMethod<Req, Resp>,
      io.grpc.stub.ServerCalls.BidiStreamingMethod<Req, Resp> {
    private final AsyncService serviceImpl;
    private final int methodId;

    MethodHandlers(AsyncService serviceImpl, int methodId) {
      this.serviceImpl = serviceImpl;
      this.methodId = methodId;
    }

    @java.lang.Override
    @java.lang.SuppressWarnings("unchecked")
    public void invoke(Req request, io.grpc.stub.StreamObserver<Resp> responseObserver) {
      switch (methodId) {
        case METHODID_CREATE_DATASTORE:
          serviceImpl.createDatastore((dev.datastored.v1.CreateDatastoreRequest) request,
              (io.grpc.stub.StreamObserver<dev.datastored.v1.Datastore>) responseObserver);
          break;
        case METHODID_GET_DATASTORE:
          serviceImpl.getDatastore((dev.datastored.v1.GetDatastoreRequest) request,
              (io.grpc.stub.StreamObserver<dev.datastored.v1.Datastore>) responseObserver);
          break;
        case METHODID_LIST_DATASTORES:
          serviceImpl.listDatastores((dev.datastored.v1.ListDatastoresRequest) request,
              (io.grpc.stub.StreamObserver<dev.datastored.v1.ListDatastoresResponse>) responseObserver);
          break;
        case METHODID_UPDATE_DATASTORE:
          serviceImpl.updateDatastore((dev.datastored.v1.UpdateDatastoreRequest) request,
              (io.grpc.stub.StreamObserver<dev.datastored.v1.Datastore>) responseObserver);
          break;
        case METHODID_DELETE_DATASTORE:
          serviceImpl.deleteDatastore((dev.datastored.v1.DeleteDatastoreRequest) request,
              (io.grpc.stub.StreamObserver<com.google.protobuf.Empty>) responseObserver);
          break;
        case METHODID_TEST_CONNECTION:
          serviceImpl.testConnection((dev.datastored.v1.TestConnectionRequest) request,
              (io.grpc.stub.StreamObserver<dev.datastored.v1.TestConnectionResponse>) responseObserver);
          break;
        case METHODID_GET_CONNECTION_TEST:
          serviceImpl.getConnectionTest((dev.datastored.v1.GetConnectionTestRequest) request,
              (io.grpc.stub.StreamObserver<dev.datastored.v1.ConnectionTest>) responseObserver);
          break;
        case METHODID_LIST_CONNECTION_TESTS:
          serviceImpl.listConnectionTests((dev.datastored.v1.ListConnectionTestsRequest) request,
              (io.grpc.stub.StreamObserver<dev.datastored.v1.ListConnectionTestsResponse>) responseObserver);
          break;
        case METHODID_LINK_ENRICHMENT:
          serviceImpl.linkEnrichment((dev.datastored.v1.LinkEnrichmentRequest) request,
              (io.grpc.stub.StreamObserver<dev.datastored.v1.Datastore>) responseObserver);
          break;
        case METHODID_UNLINK_ENRICHMENT:
          serviceImpl.unlinkEnrichment((dev.datastored.v1.UnlinkEnrichmentRequest) request,
              (io.grpc.stub.StreamObserver<dev.datastored.v1.Datastore>) responseObserver);
          break;
        case METHODID_RESOLVE_ENRICHMENT:
          serviceImpl.resolveEnrichment((dev.datastored.v1.ResolveEnrichmentRequest) request,
              (io.grpc.stub.StreamObserver<dev.datastored.v1.ResolveEnrichmentResponse>) responseObserver);
          break;
        case METHODID_CLAIM_PREFIX:
          serviceImpl.claimPrefix((dev.datastored.v1.ClaimPrefixRequest) request,
              (io.grpc.stub.StreamObserver<dev.datastored.v1.Datastore>) responseObserver);
          break;
        case METHODID_RELEASE_PREFIX:
          serviceImpl.releasePrefix((dev.datastored.v1.ReleasePrefixRequest) request,
              (io.grpc.stub.StreamObserver<dev.datastored.v1.Datastore>) responseObserver);
          break;
        case METHODID_GENERATE_IAM_POLICY:
          serviceImpl.generateIamPolicy((dev.datastored.v1.GenerateIamPolicyRequest) request,
              (io.grpc.stub.StreamObserver<dev.datastored.v1.GenerateIamPolicyResponse>) responseObserver);
          break;
        case METHODID_LIST_AUDIT_EVENTS:
          serviceImpl.listAuditEvents((dev.datastored.v1.ListAuditEventsRequest) request,
              (io.grpc.stub.StreamObserver<dev.datastored.v1.ListAuditEventsResponse>) responseObserver);
          break;
        default:
          throw new AssertionError();
      }
    }

    @java.lang.Override
    @java.lang.SuppressWarnings("unchecked")
    public io.grpc.stub.StreamObserver<Req> invoke(
        io.grpc.stub.StreamObserver<Resp> responseObserver) {
      switch (methodId) {
        default:
          throw new AssertionError();
      }
    }
  }

  public static final io.grpc.ServerServiceDefinition bindService(AsyncService service) {
    return io.grpc.ServerServiceDefinition.builder(getServiceDescriptor())
        .addMethod(
          getCreateDatastoreMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              dev.datastored.v1.CreateDatastoreRequest,
              dev.datastored.v1.Datastore>(
                service, METHODID_CREATE_DATASTORE)))
        .addMethod(
          getGetDatastoreMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              dev.datastored.v1.GetDatastoreRequest,
              dev.datastored.v1.Datastore>(
                service, METHODID_GET_DATASTORE)))
        .addMethod(
          getListDatastoresMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              dev.datastored.v1.ListDatastoresRequest,
              dev.datastored.v1.ListDatastoresResponse>(
                service, METHODID_LIST_DATASTORES)))
        .addMethod(
          getUpdateDatastoreMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              dev.datastored.v1.UpdateDatastoreRequest,
              dev.datastored.v1.Datastore>(
                service, METHODID_UPDATE_DATASTORE)))
        .addMethod(
          getDeleteDatastoreMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              dev.datastored.v1.DeleteDatastoreRequest,
              com.google.protobuf.Empty>(
                service, METHODID_DELETE_DATASTORE)))
        .addMethod(
          getTestConnectionMethod(),
          io.grpc.stub.ServerCalls.asyncServerStreamingCall(
            new MethodHandlers<
              dev.datastored.v1.TestConnectionRequest,
              dev.datastored.v1.TestConnectionResponse>(
                service, METHODID_TEST_CONNECTION)))
        .addMethod(
          getGetConnectionTestMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              dev.datastored.v1.GetConnectionTestRequest,
              dev.datastored.v1.ConnectionTest>(
                service, METHODID_GET_CONNECTION_TEST)))
        .addMethod(
          getListConnectionTestsMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              dev.datastored.v1.ListConnectionTestsRequest,
              dev.datastored.v1.ListConnectionTestsResponse>(
                service, METHODID_LIST_CONNECTION_TESTS)))
        .addMethod(
          getLinkEnrichmentMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              dev.datastored.v1.LinkEnrichmentRequest,
              dev.datastored.v1.Datastore>(
                service, METHODID_LINK_ENRICHMENT)))
        .addMethod(
          getUnlinkEnrichmentMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              dev.datastored.v1.UnlinkEnrichmentRequest,
              dev.datastored.v1.Datastore>(
                service, METHODID_UNLINK_ENRICHMENT)))
        .addMethod(
          getResolveEnrichmentMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              dev.datastored.v1.ResolveEnrichmentRequest,
              dev.datastored.v1.ResolveEnrichmentResponse>(
                service, METHODID_RESOLVE_ENRICHMENT)))
        .addMethod(
          getClaimPrefixMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              dev.datastored.v1.ClaimPrefixRequest,
              dev.datastored.v1.Datastore>(
                service, METHODID_CLAIM_PREFIX)))
        .addMethod(
          getReleasePrefixMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              dev.datastored.v1.ReleasePrefixRequest,
              dev.datastored.v1.Datastore>(
                service, METHODID_RELEASE_PREFIX)))
        .addMethod(
          getGenerateIamPolicyMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              dev.datastored.v1.GenerateIamPolicyRequest,
              dev.datastored.v1.GenerateIamPolicyResponse>(
                service, METHODID_GENERATE_IAM_POLICY)))
        .addMethod(
          getListAuditEventsMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              dev.datastored.v1.ListAuditEventsRequest,
              dev.datastored.v1.ListAuditEventsResponse>(
                service, METHODID_LIST_AUDIT_EVENTS)))
        .build();
  }

  private static abstract class DatastoreServiceBaseDescriptorSupplier
      implements io.grpc.protobuf.ProtoFileDescriptorSupplier, io.grpc.protobuf.ProtoServiceDescriptorSupplier {
    DatastoreServiceBaseDescriptorSupplier() {}

    @java.lang.Override
    public com.google.protobuf.Descriptors.FileDescriptor getFileDescriptor() {
      return dev.datastored.v1.DatastoreServiceProto.getDescriptor();
    }

    @java.lang.Override
    public com.google.protobuf.Descriptors.ServiceDescriptor getServiceDescriptor() {
      return getFileDescriptor().findServiceByName("DatastoreService");
    }
  }

  private static final class DatastoreServiceFileDescriptorSupplier
      extends DatastoreServiceBaseDescriptorSupplier {
    DatastoreServiceFileDescriptorSupplier() {}
  }

  private static final class DatastoreServiceMethodDescriptorSupplier
      extends DatastoreServiceBaseDescriptorSupplier
      implements io.grpc.protobuf.ProtoMethodDescriptorSupplier {
    private final java.lang.String methodName;

    DatastoreServiceMethodDescriptorSupplier(java.lang.String methodName) {
      this.methodName = methodName;
    }

    @java.lang.Override
    public com.google.protobuf.Descriptors.MethodDescriptor getMethodDescriptor() {
      return getServiceDescriptor().findMethodByName(methodName);
    }
  }

  private static volatile io.grpc.ServiceDescriptor serviceDescriptor;

  public static io.grpc.ServiceDescriptor getServiceDescriptor() {
    io.grpc.ServiceDescriptor result = serviceDescriptor;
    if (result == null) {
      synchronized (DatastoreServiceGrpc.class) {
        result = serviceDescriptor;
        if (result == null) {
          serviceDescriptor = result = io.grpc.ServiceDescriptor.newBuilder(SERVICE_NAME)
              .setSchemaDescriptor(new DatastoreServiceFileDescriptorSupplier())
              .addMethod(getCreateDatastoreMethod())
              .addMethod(getGetDatastoreMethod())
              .addMethod(getListDatastoresMethod())
              .addMethod(getUpdateDatastoreMethod())
              .addMethod(getDeleteDatastoreMethod())
              .addMethod(getTestConnectionMethod())
              .addMethod(getGetConnectionTestMethod())
              .addMethod(getListConnectionTestsMethod())
              .addMethod(getLinkEnrichmentMethod())
              .addMethod(getUnlinkEnrichmentMethod())
              .addMethod(getResolveEnrichmentMethod())
              .addMethod(getClaimPrefixMethod())
              .addMethod(getReleasePrefixMethod())
              .addMethod(getGenerateIamPolicyMethod())
              .addMethod(getListAuditEventsMethod())
              .build();
        }
      }
    }
    return result;
  }
}
